import { writeFileSync } from 'node:fs';
import { hasCode } from '../sys/errno.ts';
import { addressBytes, macBytes } from './address.ts';
import { NLM, RTM, attribute } from './netlink.ts';
import type { RouteSocket } from './netlink.ts';

/** Attributes of linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h, linux/veth.h. */
const IFLA = { ADDRESS: 1, IFNAME: 3, MASTER: 10, LINKINFO: 18, NET_NS_FD: 28 } as const;
const INFO_KIND = 1;
const INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const;
const RTA = { OIF: 4, GATEWAY: 5 } as const;
const AF_INET = 2;
const IFF_UP = 1;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;

/** struct ifinfomsg. */
function linkBody(index = 0, up = false): Buffer {
  const body = Buffer.alloc(16);
  body.writeInt32LE(index, 4);
  body.writeUInt32LE(up ? IFF_UP : 0, 8);
  body.writeUInt32LE(up ? IFF_UP : 0, 12);
  return body;
}

/** The interface's index, or undefined. @throws SyscallError */
export function linkIndex(route: RouteSocket, name: string): number | undefined {
  try {
    return route
      .request(`find ${name}`, RTM.GETLINK, 0, linkBody(), [attribute(IFLA.IFNAME, name)])
      ?.readInt32LE(4);
  } catch (error) {
    if (hasCode(error, 'ENODEV')) return undefined;
    throw error;
  }
}

/** @throws SyscallError (EEXIST) */
export function createBridge(route: RouteSocket, name: string, mac: string): void {
  route.request(`create bridge ${name}`, RTM.NEWLINK, NLM.CREATE | NLM.EXCL, linkBody(), [
    attribute(IFLA.IFNAME, name),
    attribute(IFLA.ADDRESS, macBytes(mac)),
    attribute(IFLA.LINKINFO, attribute(INFO_KIND, 'bridge')),
  ]);
}

/**
 * One message makes both ends: ours, up and on the bridge, and the container's `eth0` in its namespace.
 *
 * @throws SyscallError
 */
export function createVeth(
  route: RouteSocket,
  fields: {
    readonly name: string;
    readonly bridgeIndex: number;
    readonly peerName: string;
    readonly peerMac: string;
    readonly peerNetns: number;
  },
): void {
  const peer = Buffer.concat([
    linkBody(),
    attribute(IFLA.IFNAME, fields.peerName),
    attribute(IFLA.ADDRESS, macBytes(fields.peerMac)),
    attribute(IFLA.NET_NS_FD, fields.peerNetns),
  ]);
  const data = attribute(INFO_DATA, attribute(VETH_INFO_PEER, peer));
  route.request(`create veth ${fields.name}`, RTM.NEWLINK, NLM.CREATE | NLM.EXCL, linkBody(0, true), [
    attribute(IFLA.IFNAME, fields.name),
    attribute(IFLA.MASTER, fields.bridgeIndex),
    attribute(IFLA.LINKINFO, Buffer.concat([attribute(INFO_KIND, 'veth'), data])),
  ]);
}

/** Sets an interface up. @throws SyscallError */
export function setUp(route: RouteSocket, index: number): void {
  route.request(`set interface ${index} up`, RTM.NEWLINK, 0, linkBody(index, true));
}

/** Idempotent. @throws SyscallError */
export function deleteLink(route: RouteSocket, name: string): void {
  try {
    route.request(`delete ${name}`, RTM.DELLINK, 0, linkBody(), [attribute(IFLA.IFNAME, name)]);
  } catch (error) {
    if (!hasCode(error, 'ENODEV')) throw error;
  }
}

/** Adds an IPv4 address with its broadcast address; one that is there already is fine. @throws SyscallError */
export function addAddress(route: RouteSocket, index: number, address: string, prefixLength: number): void {
  const body = Buffer.alloc(8);
  body.writeUInt8(AF_INET, 0);
  body.writeUInt8(prefixLength, 1);
  body.writeUInt32LE(index, 4);
  const bytes = addressBytes(address);
  const broadcast = Buffer.alloc(4);
  broadcast.writeUInt32BE((bytes.readUInt32BE() | (2 ** (32 - prefixLength) - 1)) >>> 0);
  try {
    route.request(`add address ${address}`, RTM.NEWADDR, NLM.CREATE | NLM.EXCL, body, [
      attribute(IFA.LOCAL, bytes),
      attribute(IFA.ADDRESS, bytes),
      attribute(IFA.BROADCAST, broadcast),
    ]);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

/** @throws SyscallError (EEXIST: there is a default route) */
export function addDefaultRoute(route: RouteSocket, index: number, gateway: string): void {
  const body = Buffer.alloc(12);
  body.writeUInt8(AF_INET, 0);
  body.writeUInt8(RT_TABLE_MAIN, 4);
  body.writeUInt8(RTPROT_BOOT, 5);
  body.writeUInt8(RTN_UNICAST, 7);
  route.request(`add default route via ${gateway}`, RTM.NEWROUTE, NLM.CREATE | NLM.EXCL, body, [
    attribute(RTA.GATEWAY, addressBytes(gateway)),
    attribute(RTA.OIF, index),
  ]);
}

/** Writes a sysctl below `/proc/sys/net` of the namespace that the main thread is in; one that isn't there is skipped. */
export function setNetSysctl(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/net/${name}`, value);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}
