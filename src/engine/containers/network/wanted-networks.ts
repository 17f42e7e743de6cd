import { isIPv4, isIPv6 } from 'node:net';
import { endpointConfig } from '../../../protocol/docker/container-config.ts';
import type {
  ContainerConfig,
  EndpointConfig,
  HostConfig,
  NetworkingConfig,
} from '../../../protocol/docker/container-config.ts';
import { EngineError, invalid } from '../../errors.ts';
import { contains, parseAddress, parseSubnet } from '../../networks/address.ts';
import { contains6, parseAddress6, parseSubnet6 } from '../../networks/address6.ts';
import type { NetworkFacts, NetworkManager, Sandbox } from '../../networks/contract.ts';
import { ratesOf } from '../../networks/rates/parse-rate.ts';
import type { ContainerRecord } from '../model.ts';

/*
 * Which networks a container is on, or will be, and what it wants there. What is refused, and in which words: moby v28,
 * runconfig/errors.go and daemon/container_operations.go (validateEndpointSettings, updateNetworkSettings).
 */

export const DEFAULT_NETWORK = 'bridge';
const CONTAINER = 'container:';

type Networks = Pick<NetworkManager, 'lookup'>;

/** `default`, '' and `bridge` are the default bridge. */
export function normalizeNetworkMode(mode: string): string {
  return mode === '' || mode === 'default' ? DEFAULT_NETWORK : mode;
}

/** The container (name or id) whose network this one shares, or undefined. */
export function sharedNetworkOf({ hostConfig }: Pick<ContainerRecord, 'hostConfig'>): string | undefined {
  const { NetworkMode: mode } = hostConfig;
  return mode.startsWith(CONTAINER) ? mode.slice(CONTAINER.length) : undefined;
}

/**
 * Of a container that is about to be made: network name → what it wants there, the network mode's own first.
 *
 * @throws EngineError invalidParameter
 */
export function planNetworks(
  networks: Networks,
  config: Pick<ContainerConfig, 'MacAddress' | 'NetworkDisabled'>,
  host: Pick<HostConfig, 'NetworkMode'>,
  networking: NetworkingConfig,
): Record<string, EndpointConfig> {
  const { NetworkMode: mode } = host;
  if (config.NetworkDisabled || mode.startsWith(CONTAINER)) {
    for (const { DriverOpts: options } of Object.values(networking.EndpointsConfig)) {
      if (ratesOf(options) !== undefined) throw noInterface();
    }
    return {};
  }
  const named = (reference: string): string => {
    const normal = normalizeNetworkMode(reference);
    return networks.lookup(normal)?.name ?? normal;
  };
  const main = named(mode);
  // `default` says nothing of its own: it is the key that clients use for whatever the mode means.
  const asked = new Map(
    Object.entries(networking.EndpointsConfig)
      .filter(([name]) => name !== 'default' || main === DEFAULT_NETWORK)
      .map(([name, endpoint]) => [named(name), endpoint]),
  );
  const first = withMainMac(asked.get(main) ?? endpointConfig.parse(null), config.MacAddress);
  const others = [...asked].filter(([name]) => name !== main);
  const all = [[main, first] as const, ...others];
  for (const [name, endpoint] of all) {
    const facts = networks.lookup(name);
    try {
      checkEndpoint(facts, name, endpoint);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw invalid(`invalid config for network ${name}: ${error.message}`, error);
    }
    for (const [other] of others) if (other !== name) checkTogether(networks, other, name);
  }
  return Object.fromEntries(all.map(([name, endpoint]) => [name, { ...endpoint, NetworkID: '' }]));
}

/** As they are written down at a start: with the ids of the networks that they turned out to be. */
export function withNetworkIds(
  wanted: Readonly<Record<string, EndpointConfig>>,
  { endpoints }: Pick<Sandbox, 'endpoints'>,
): Record<string, EndpointConfig> {
  return Object.fromEntries(
    Object.entries(wanted).map(([name, endpoint]) => {
      const id = endpoints.find(({ networkName }) => networkName === name)?.networkId;
      return [name, { ...endpoint, NetworkID: id ?? endpoint.NetworkID }];
    }),
  );
}

const noInterface = (): EngineError =>
  invalid('network rates are for a container with a network interface of its own');

function withMainMac(endpoint: EndpointConfig, mac: string): EndpointConfig {
  if (mac === '' || endpoint.MacAddress === mac) return endpoint;
  if (endpoint.MacAddress !== '') {
    throw invalid(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    );
  }
  return { ...endpoint, MacAddress: mac };
}

/** Network name → what the container has, or wants, there. */
export function networksNow(record: ContainerRecord): Readonly<Record<string, EndpointConfig>> {
  return record.networks ?? wantedNetworks(record);
}

/** The same for a start: whoever was taken off all networks is on the network mode's again. */
export function wantedNetworks(record: ContainerRecord): Readonly<Record<string, EndpointConfig>> {
  const mode = record.hostConfig.NetworkMode;
  if (record.config.NetworkDisabled || sharedNetworkOf(record) !== undefined) return {};
  if (record.networks !== undefined && Object.keys(record.networks).length > 0) return record.networks;
  const asked = Object.entries(record.networking.EndpointsConfig).map(
    ([name, endpoint]) => [normalizeNetworkMode(name), endpoint] as const,
  );
  const own = withMainMac(
    asked.find(([name]) => name === mode)?.[1] ?? endpointConfig.parse(null),
    record.config.MacAddress,
  );
  if (record.networks !== undefined) return { [mode]: own };
  return Object.fromEntries([[mode, own] as const, ...asked.filter(([name]) => name !== mode)]);
}

/**
 * Whether a container that is on `present` can be on `wanted` too.
 *
 * @throws EngineError invalidParameter
 */
export function checkTogether(networks: Networks, present: string, wanted: string): void {
  const pair = [present, wanted];
  const isHost = (name: string): boolean => networks.lookup(name)?.driver === 'host';
  if (pair.some(isHost)) {
    throw invalid(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  if (pair.includes('none')) {
    throw invalid(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
  }
}

/** @param facts undefined: the network isn't there (yet) @throws EngineError invalidParameter */
export function checkEndpoint(facts: NetworkFacts | undefined, name: string, endpoint: EndpointConfig): void {
  if (ratesOf(endpoint.DriverOpts) !== undefined && ['host', 'none'].includes(name)) throw noInterface();
  const errors = [...endpointErrors(facts, name, endpoint)];
  if (errors.length === 0) return;
  const list = errors.length === 1 ? errors[0] : errors.map((error) => `* ${error}`).join('\n');
  throw invalid(`invalid endpoint settings:\n${list}`);
}

function* endpointErrors(
  facts: NetworkFacts | undefined,
  name: string,
  { Aliases, IPAMConfig, MacAddress }: EndpointConfig,
): Generator<string> {
  const { IPv4Address: ipv4, IPv6Address: ipv6 } = IPAMConfig;
  if (['bridge', 'host', 'none'].includes(name)) {
    if (ipv4 !== '' || ipv6 !== '')
      yield 'user specified IP address is supported on user defined networks only';
    if (Aliases.length > 0)
      yield 'network-scoped alias is supported only for containers in user defined networks';
  } else {
    if (ipv4 !== '' && !isIPv4(ipv4)) yield `invalid IPv4 address: ${ipv4}`;
    else if (ipv4 !== '') yield* addressError(facts, ipv4, (text) => containsAddress(text, ipv4));
    if (ipv6 !== '' && !isIPv6(ipv6)) yield `invalid IPv6 address: ${ipv6}`;
    else if (ipv6 !== '') yield* addressError(facts, ipv6, (text) => containsAddress(text, ipv6));
  }
  if (MacAddress !== '' && !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(MacAddress)) {
    yield `invalid MAC address ${MacAddress}`;
  }
}

function* addressError(
  facts: NetworkFacts | undefined,
  address: string,
  fits: (subnet: string) => boolean,
): Generator<string> {
  if (facts === undefined) return;
  if (facts.ownSubnets === undefined) {
    yield 'user specified IP address is supported only when connecting to networks with user configured subnets';
  } else if (!facts.ownSubnets.some(fits)) {
    yield `no configured subnet contains IP address ${address}`;
  }
}

function containsAddress(subnet: string, address: string): boolean {
  if (isIPv4(address) !== isIPv4(subnet.split('/')[0] ?? '')) return false;
  return isIPv4(address)
    ? contains(parseSubnet(subnet), parseAddress(address))
    : contains6(parseSubnet6(subnet), parseAddress6(address));
}

/**
 * What can't be asked for by a container that shares another's network.
 *
 * @throws EngineError invalidParameter
 */
export function checkNetworkMode(
  config: Pick<ContainerConfig, 'Hostname' | 'ExposedPorts'>,
  host: HostConfig,
): void {
  const { NetworkMode: mode } = host;
  if (mode === 'host' && host.Links.length > 0) {
    throw invalid(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    );
  }
  if (mode !== 'container' && !mode.startsWith(CONTAINER)) return;
  const publishes = host.PublishAllPorts || Object.keys(host.PortBindings ?? {}).length > 0;
  const problem = [
    [
      mode.length <= CONTAINER.length,
      'Invalid network mode: invalid container format container:<name|id>',
    ] as const,
    [config.Hostname !== '', 'conflicting options: hostname and the network mode'] as const,
    [
      host.Links.length > 0,
      "conflicting options: container type network can't be used with links. This would result in undefined behavior",
    ] as const,
    [host.Dns.length > 0, 'conflicting options: dns and the network mode'] as const,
    [
      host.ExtraHosts.length > 0,
      'conflicting options: custom host-to-IP mapping and the network mode',
    ] as const,
    [publishes, 'conflicting options: port publishing and the container type network mode'] as const,
    [
      Object.keys(config.ExposedPorts).length > 0,
      'conflicting options: port exposing and the container type network mode',
    ] as const,
  ].find(([isSo]) => isSo);
  if (problem !== undefined) throw invalid(problem[1]);
}
