import { hostname as machineHostname } from 'node:os';
import type { SandboxRequest } from '../networks/contract.ts';
import type { ContainersContext } from './context.ts';
import type { ContainerRecord } from './model.ts';
import { portRequests } from './ports.ts';
import { requireRunning } from './registry.ts';

/** `default`, '' and `bridge` are the default bridge. */
export function normalizeNetworkMode(mode: string): string {
  return mode === '' || mode === 'default' ? 'bridge' : mode;
}

/** The container's hostname: the user's, the machine's with `--network host` or `--uts host`, or the short id. */
export function hostnameOf(record: ContainerRecord): string {
  if (record.config.Hostname !== '') return record.config.Hostname;
  const { NetworkMode: network, UTSMode: uts } = record.hostConfig;
  return network === 'host' || uts === 'host' ? machineHostname() : record.id.slice(0, 12);
}

const CONTAINER = 'container:';

/** What to ask of the networks for this container. @throws EngineError for `container:NAME` of none that runs */
export function sandboxRequest(context: ContainersContext, record: ContainerRecord): SandboxRequest {
  const request = adoptionRequest(record);
  if (typeof request.mode === 'string') return request;
  const other = context.registry.find(request.mode.container);
  requireRunning(other);
  return { ...request, mode: { container: other.id } };
}

/**
 * What to tell the networks of a container that runs, with the sandbox that it has. Another container whose network it
 * shares may have ended since, or be gone: it goes by the name that the user gave it.
 */
export function adoptionRequest(record: ContainerRecord): SandboxRequest {
  const mode = record.hostConfig.NetworkMode;
  const base = { containerId: record.id, containerName: record.name, hostname: hostnameOf(record) };
  if (mode === 'none' || mode === 'host') return { ...base, mode, endpoints: [] };
  if (mode.startsWith(CONTAINER)) {
    return { ...base, mode: { container: mode.slice(CONTAINER.length) }, endpoints: [] };
  }
  const ports = portRequests(record.config, record.hostConfig);
  return { ...base, mode: 'bridge', endpoints: endpointsOf(record, mode), ports };
}

function endpointsOf(record: ContainerRecord, mode: string): SandboxRequest['endpoints'] {
  const configured = Object.entries(record.networking.EndpointsConfig).map(
    ([name, endpoint]) => [normalizeNetworkMode(name), endpoint] as const,
  );
  const first = configured.find(([name]) => name === mode)?.[1];
  const others = configured.filter(([name]) => name !== mode);
  return [[mode, first] as const, ...others].map(([network, endpoint]) => ({
    network,
    aliases: endpoint?.Aliases ?? [],
    macAddress: endpoint?.MacAddress || (network === mode ? record.config.MacAddress : '') || undefined,
    ipv4: endpoint?.IPAMConfig.IPv4Address || undefined,
  }));
}
