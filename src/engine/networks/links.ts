import { readFileSync, writeFileSync } from 'node:fs';
import { hasCode } from '../sys/errno.ts';
import { addressBytes, macBytes } from './address.ts';
import { addressBytes6 } from './address6.ts';
import { NLM, RTM, attribute } from './netlink.ts';
import type { RouteSocket } from './netlink.ts';

/** Attributes of linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h, linux/veth.h. */
const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  MASTER: 10,
  PROTINFO: 12,
  LINKINFO: 18,
  NET_NS_FD: 28,
} as const;
const BRIDGE_PORT_ISOLATED = 33;
const NLA_F_NESTED = 0x8000;
const INFO_KIND = 1;
const INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4, FLAGS: 8 } as const;
const IFA_F_NODAD = 2;
const RTA = { OIF: 4, GATEWAY: 5 } as const;
const AF_INET = 2;
const AF_BRIDGE = 7;
const AF_INET6 = 10;
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
export function createBridge(
  route: RouteSocket,
  name: string,
  fields: { readonly mac: string; readonly mtu: number | undefined },
): void {
  route.request(`create bridge ${name}`, RTM.NEWLINK, NLM.CREATE | NLM.EXCL, linkBody(), [
    attribute(IFLA.IFNAME, name),
    attribute(IFLA.ADDRESS, macBytes(fields.mac)),
    ...mtuOf(fields.mtu),
    attribute(IFLA.LINKINFO, attribute(INFO_KIND, 'bridge')),
  ]);
}

const mtuOf = (mtu: number | undefined): Buffer[] => (mtu === undefined ? [] : [attribute(IFLA.MTU, mtu)]);

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
    readonly mtu: number | undefined;
  },
): void {
  const peer = Buffer.concat([
    linkBody(),
    attribute(IFLA.IFNAME, fields.peerName),
    attribute(IFLA.ADDRESS, macBytes(fields.peerMac)),
    attribute(IFLA.NET_NS_FD, fields.peerNetns),
    ...mtuOf(fields.mtu),
  ]);
  const data = attribute(INFO_DATA, attribute(VETH_INFO_PEER, peer));
  route.request(`create veth ${fields.name}`, RTM.NEWLINK, NLM.CREATE | NLM.EXCL, linkBody(0, true), [
    attribute(IFLA.IFNAME, fields.name),
    attribute(IFLA.MASTER, fields.bridgeIndex),
    ...mtuOf(fields.mtu),
    attribute(IFLA.LINKINFO, Buffer.concat([attribute(INFO_KIND, 'veth'), data])),
  ]);
}

/**
 * From now on this port of a bridge exchanges frames with the bridge itself only, not with other isolated ports: no
 * filter of packets would see those (net/bridge/br_forward.c, should_deliver). @throws SyscallError
 */
export function isolatePort(route: RouteSocket, name: string): void {
  const index = linkIndex(route, name);
  if (index === undefined) throw new Error(`${name} vanished`);
  const body = linkBody(index);
  body.writeUInt8(AF_BRIDGE, 0);
  const isolated = attribute(BRIDGE_PORT_ISOLATED, Buffer.from([1]));
  route.request(`isolate ${name}`, RTM.SETLINK, 0, body, [attribute(IFLA.PROTINFO | NLA_F_NESTED, isolated)]);
}

/** Makes an interface of a kind that needs no more words, and sets it up. @throws SyscallError */
export function createLink(route: RouteSocket, name: string, kind: string): void {
  route.request(`create ${kind} ${name}`, RTM.NEWLINK, NLM.CREATE | NLM.EXCL, linkBody(0, true), [
    attribute(IFLA.IFNAME, name),
    attribute(IFLA.LINKINFO, attribute(INFO_KIND, kind)),
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

/** Adds an IPv6 address, usable at once: nobody else on the wire can have it. @throws SyscallError */
export function addAddress6(route: RouteSocket, index: number, address: string, prefixLength: number): void {
  const body = Buffer.alloc(8);
  body.writeUInt8(AF_INET6, 0);
  body.writeUInt8(prefixLength, 1);
  body.writeUInt32LE(index, 4);
  const bytes = addressBytes6(address);
  try {
    route.request(`add address ${address}`, RTM.NEWADDR, NLM.CREATE | NLM.EXCL, body, [
      attribute(IFA.LOCAL, bytes),
      attribute(IFA.ADDRESS, bytes),
      attribute(IFA.FLAGS, IFA_F_NODAD),
    ]);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

const FAMILIES = {
  4: { number: AF_INET, bytes: addressBytes },
  6: { number: AF_INET6, bytes: addressBytes6 },
} as const;

/** struct rtmsg of a route to everywhere. */
function routeBody(family: 4 | 6): Buffer {
  const body = Buffer.alloc(12);
  body.writeUInt8(FAMILIES[family].number, 0);
  body.writeUInt8(RT_TABLE_MAIN, 4);
  body.writeUInt8(RTPROT_BOOT, 5);
  body.writeUInt8(RTN_UNICAST, 7);
  return body;
}

/** The default route from now on, whichever it was before. @throws SyscallError */
export function setDefaultRoute(
  route: RouteSocket,
  via: { readonly index: number; readonly gateway: string; readonly family: 4 | 6 },
): void {
  removeDefaultRoute(route, via.family);
  const flags = NLM.CREATE | NLM.EXCL;
  route.request(`add default route via ${via.gateway}`, RTM.NEWROUTE, flags, routeBody(via.family), [
    attribute(RTA.GATEWAY, FAMILIES[via.family].bytes(via.gateway)),
    attribute(RTA.OIF, via.index),
  ]);
}

/** Idempotent. @throws SyscallError */
export function removeDefaultRoute(route: RouteSocket, family: 4 | 6): void {
  try {
    route.request('remove the default route', RTM.DELROUTE, 0, routeBody(family));
  } catch (error) {
    if (!hasCode(error, 'ESRCH', 'ENOENT')) throw error;
  }
}

/** Writes a sysctl below `/proc/sys/net` of the namespace that the main thread is in; one that isn't there is skipped. */
export function setNetSysctl(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/net/${name}`, value);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

/** A sysctl below `/proc/sys/net` of the namespace that the main thread is in; undefined for one that isn't there. */
export function netSysctl(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/net/${name}`, 'utf8').trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
