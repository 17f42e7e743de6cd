import { hostname as machineHostname } from 'node:os';
import type { EndpointConfig } from '../../../protocol/docker/container-config.ts';
import { conflict, EngineError } from '../../errors.ts';
import { ratesOf } from '../../networks/rates/parse-rate.ts';
import type { EndpointRequest, SandboxRequest } from '../../networks/contract.ts';
import type { ContainersContext } from '../context.ts';
import { parseLinks } from './links.ts';
import type { ContainerRecord } from '../model.ts';
import { portRequests } from './ports.ts';
import type { ContainerEntry } from '../registry.ts';
import { DEFAULT_NETWORK, sharedNetworkOf, wantedNetworks } from './wanted-networks.ts';

/** The container's hostname: the user's, the machine's with `--network host` or `--uts host`, or the short id. */
export function hostnameOf(record: ContainerRecord): string {
  if (record.config.Hostname !== '') return record.config.Hostname;
  const { NetworkMode: network, UTSMode: uts } = record.hostConfig;
  return network === 'host' || uts === 'host' ? machineHostname() : record.id.slice(0, 12);
}

/**
 * The container whose hostname and network files this one has: itself, or the one whose network it shares, which may
 * share another's again. Itself too once that one has been removed.
 */
export function namesakeOf(context: ContainersContext, record: ContainerRecord): ContainerRecord {
  const shared = sharedNetworkOf(record);
  const other = shared === undefined ? undefined : context.registry.byId(shared);
  return other === undefined ? record : namesakeOf(context, other.record);
}

/** What to ask of the networks for this container. @throws EngineError for `container:NAME` of none that runs */
export function sandboxRequest(context: ContainersContext, record: ContainerRecord): SandboxRequest {
  const request = {
    ...adoptionRequest(record),
    ...(record.idRange === undefined ? {} : { netns: context.users.netns(record.id) }),
  };
  if (typeof request.mode !== 'string') {
    return { ...request, mode: { container: joined(context, record, request.mode.container).id } };
  }
  if (request.mode !== 'bridge') return request;
  // Nothing from outside gets into an internal network.
  const reachable = request.endpoints.some(
    ({ network }) => context.networks.lookup(network)?.internal !== true,
  );
  return reachable ? { ...request, ports: portRequests(record.config, record.hostConfig) } : request;
}

function joined(context: ContainersContext, record: ContainerRecord, reference: string): ContainerEntry {
  const other = context.registry.find(reference);
  if (other.id === record.id) throw new EngineError('system', 'cannot join own network');
  if (other.state.status !== 'running') {
    throw conflict(`cannot join network of a non running container: ${reference}`);
  }
  return other;
}

/**
 * What to tell the networks of a container that runs, with the sandbox that it has. Another container whose network it
 * shares may have ended since, or be gone: it goes by the name that the user gave it.
 */
export function adoptionRequest(record: ContainerRecord): SandboxRequest {
  const base = { containerId: record.id, containerName: record.name, hostname: hostnameOf(record) };
  const shared = sharedNetworkOf(record);
  if (shared !== undefined) return { ...base, mode: { container: shared }, endpoints: [] };
  const wanted = Object.entries(wantedNetworks(record));
  const [first = 'none'] = wanted.map(([name]) => name);
  if (first === 'none' || first === 'host') return { ...base, mode: first, endpoints: [] };
  const endpoints = wanted.map(([network, endpoint]) => endpointRequest(record, network, endpoint));
  return { ...base, mode: 'bridge', endpoints, resolvers: record.hostConfig.Dns };
}

/** What a container wants on one network. @throws EngineError invalidParameter for what is no link */
export function endpointRequest(
  record: ContainerRecord,
  network: string,
  endpoint: EndpointConfig,
): EndpointRequest {
  // The older kind of links is the default network's.
  const links = network === DEFAULT_NETWORK ? record.hostConfig.Links : endpoint.Links;
  return {
    network,
    aliases: endpoint.Aliases,
    macAddress: endpoint.MacAddress || undefined,
    ipv4: endpoint.IPAMConfig.IPv4Address || undefined,
    ipv6: endpoint.IPAMConfig.IPv6Address || undefined,
    ...(links.length === 0
      ? {}
      : { links: Object.fromEntries(parseLinks(links).map(({ name, alias }) => [alias, name])) }),
    rates: ratesOf(endpoint.DriverOpts),
    ...(endpoint.GwPriority === 0 ? {} : { gwPriority: endpoint.GwPriority }),
  };
}
