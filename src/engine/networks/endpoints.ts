import { closeSync, openSync } from 'node:fs';
import { macBytes, macOf } from './address.ts';
import { parseSubnet6 } from './address6.ts';
import type { Bridge } from './bridge.ts';
import type { Endpoint, EndpointRequest } from './contract.ts';
import {
  addAddress,
  addAddress6,
  createVeth,
  isolatePort,
  linkIndex,
  removeDefaultRoute,
  setDefaultRoute,
  setNetSysctl,
  setUp,
} from './links.ts';
import { RouteSocket } from './netlink.ts';
import { inNetns } from './netns.ts';
import { shape } from './rates/shape.ts';
import { newId } from './store.ts';

/** Interface names have at most 15 characters. */
export const vethName = (endpointId: string): string => `veth${endpointId.slice(0, 8)}`;
export const isVethName = (name: string): boolean => /^veth[0-9a-f]{8}$/.test(name);

/** Takes addresses for a container. @param interfaceName in the container @throws EngineError */
export function reserveEndpoint(bridge: Bridge, wanted: EndpointRequest, interfaceName: string): Endpoint {
  const { record, pool, pool6, prefixLength } = bridge;
  if (wanted.macAddress !== undefined) macBytes(wanted.macAddress);
  const ipv4 = pool.take(wanted.ipv4);
  try {
    return {
      networkName: record.name,
      networkId: record.id,
      endpointId: newId(),
      gateway: record.gateway,
      ipv4,
      prefixLength,
      macAddress: wanted.macAddress ?? macOf(ipv4),
      aliases: wanted.aliases,
      interfaceName,
      ...(record.ipv6 === undefined || pool6 === undefined
        ? {}
        : {
            ipv6: {
              address: pool6.take(wanted.ipv6),
              prefixLength: parseSubnet6(record.ipv6.subnet).prefixLength,
              gateway: record.ipv6.gateway,
            },
          }),
      ...(wanted.links === undefined ? {} : { links: wanted.links }),
      ...(wanted.rates === undefined ? {} : { rates: wanted.rates }),
      ...(wanted.gwPriority === undefined ? {} : { gwPriority: wanted.gwPriority }),
      ...(record.internal === true ? { internal: true as const } : {}),
    };
  } catch (error) {
    pool.release(ipv4);
    throw error;
  }
}

export function releaseEndpoint(bridge: Bridge, endpoint: Endpoint): void {
  bridge.pool.release(endpoint.ipv4);
  if (endpoint.ipv6 !== undefined) bridge.pool6?.release(endpoint.ipv6.address);
}

/** After an engine's restart: the addresses are taken. @throws EngineError forbidden if somebody else has them */
export function adoptEndpoint(bridge: Bridge, endpoint: Endpoint): void {
  bridge.pool.take(endpoint.ipv4);
  if (endpoint.ipv6 !== undefined) bridge.pool6?.take(endpoint.ipv6.address);
}

/** Makes the pair of interfaces; the container's end has no address yet. @throws SyscallError */
export function plug(route: RouteSocket, netnsPath: string, endpoint: Endpoint, bridge: Bridge): void {
  const name = vethName(endpoint.endpointId);
  const fd = openSync(netnsPath, 'r');
  try {
    createVeth(route, {
      name,
      bridgeIndex: bridge.interfaceIndex(),
      peerName: endpoint.interfaceName ?? 'eth0',
      peerMac: endpoint.macAddress,
      peerNetns: fd,
      mtu: bridge.options.mtu,
    });
  } finally {
    closeSync(fd);
  }
  if (!bridge.options.icc) isolatePort(route, name);
  if (endpoint.rates !== undefined) shape(route, name, endpoint.endpointId, endpoint.rates);
}

/** Gives addresses to new interfaces in a container, and routes to all. @throws SyscallError */
export function configure(
  netnsPath: string,
  added: readonly Endpoint[],
  endpoints: readonly Endpoint[],
): void {
  inNetns(netnsPath, () => {
    const route = new RouteSocket();
    try {
      for (const endpoint of added) setAddresses(route, endpoint);
      setRoutes(route, endpoints);
    } finally {
      route.close();
    }
  });
}

function setAddresses(route: RouteSocket, endpoint: Endpoint): void {
  const { interfaceName: name = 'eth0', ipv4, ipv6, prefixLength } = endpoint;
  const index = linkIndex(route, name);
  if (index === undefined) throw new Error(`${name} vanished`);
  addAddress(route, index, ipv4, prefixLength);
  if (ipv6 !== undefined) {
    setNetSysctl(`ipv6/conf/${name}/disable_ipv6`, '0');
    setNetSysctl(`ipv6/conf/${name}/accept_ra`, '0');
    addAddress6(route, index, ipv6.address, ipv6.prefixLength);
  }
  setUp(route, index);
}

/** The default routes go by way of {@link gatewayEndpoint}; of none where there is no such. */
function setRoutes(route: RouteSocket, endpoints: readonly Endpoint[]): void {
  for (const family of [4, 6] as const) {
    const via = gatewayEndpoint(endpoints, family);
    const index = via === undefined ? undefined : linkIndex(route, nameOf(endpoints, via));
    const gateway = family === 4 ? via?.gateway : via?.ipv6?.gateway;
    if (index === undefined || gateway === undefined) removeDefaultRoute(route, family);
    else setDefaultRoute(route, { index, gateway, family });
  }
}

const nameOf = (endpoints: readonly Endpoint[], endpoint: Endpoint): string =>
  endpoint.interfaceName ?? `eth${endpoints.indexOf(endpoint)}`;

/**
 * The endpoint with the default route, and with the published ports: of the highest gateway priority, then the first by
 * its network's name (moby v28, libnetwork/endpoint.go, Less); never one of an internal network.
 */
export function gatewayEndpoint(endpoints: readonly Endpoint[], family: 4 | 6 = 4): Endpoint | undefined {
  return endpoints
    .filter(({ internal, ipv6 }) => internal !== true && (family === 4 || ipv6 !== undefined))
    .toSorted(
      (a, b) =>
        (b.gwPriority ?? 0) - (a.gwPriority ?? 0) ||
        (a.networkName < b.networkName ? -1 : Number(a.networkName > b.networkName)),
    )[0];
}

/** The first free ethN. */
export function freeInterfaceName(endpoints: readonly Endpoint[]): string {
  const taken = new Set(endpoints.map((endpoint) => nameOf(endpoints, endpoint)));
  let number = 0;
  while (taken.has(`eth${number}`)) number += 1;
  return `eth${number}`;
}

/** The resolver of the network with the way out; otherwise any of the container's. */
export function nameserversOf(endpoints: readonly Endpoint[]): string[] {
  const endpoint = gatewayEndpoint(endpoints) ?? endpoints[0];
  return endpoint === undefined ? [] : [endpoint.gateway];
}
