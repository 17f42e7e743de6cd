import { isIP } from 'node:net';
import type { ContainerConfig, HostConfig } from '../../../protocol/docker/container-config.ts';
import { invalid, notImplemented } from '../../errors.ts';
import type { PortRequest, PublishedPort } from '../../networks/contract.ts';
import { gatewayEndpoint } from '../../networks/endpoints.ts';
import type { ContainerRecord } from '../model.ts';

/** Where a port goes for which the user named no address: nobody but this computer reaches it. */
const DEFAULT_ADDRESS = '127.0.0.1';
const ANY = { first: 0, last: 0 };

type Publishing = Pick<HostConfig, 'PortBindings' | 'PublishAllPorts'>;

/**
 * What is to be published: `PortBindings`, and with `PublishAllPorts` each exposed port that has no binding.
 *
 * @throws EngineError invalidParameter for what is no port or address, notImplemented for SCTP and IPv6
 */
export function portRequests(config: Pick<ContainerConfig, 'ExposedPorts'>, host: Publishing): PortRequest[] {
  const bindings = new Map(Object.entries(host.PortBindings ?? {}));
  if (host.PublishAllPorts) {
    for (const port of Object.keys(config.ExposedPorts)) {
      if ((bindings.get(port)?.length ?? 0) === 0) bindings.set(port, [{ HostIp: '', HostPort: '' }]);
    }
  }
  return [...bindings].flatMap(([port, wanted]) =>
    wanted.map(({ HostIp, HostPort }) => ({
      ...containerPortOf(port),
      hostAddress: addressOf(HostIp),
      hostPorts: hostPortsOf(HostPort),
    })),
  );
}

/**
 * What is wrong with the ports of a create request is found before a start.
 *
 * @returns Docker's warnings
 * @throws EngineError invalidParameter, notImplemented
 */
export function checkPorts(config: Pick<ContainerConfig, 'ExposedPorts'>, host: HostConfig): string[] {
  const requests = portRequests(config, host);
  return requests.length > 0 && host.NetworkMode === 'host'
    ? ['Published ports are discarded when using host network mode']
    : [];
}

/** `80/tcp`, `80`. */
function containerPortOf(text: string): Pick<PortRequest, 'proto' | 'containerPort'> {
  const [number = '', proto = 'tcp', ...rest] = text.toLowerCase().split('/');
  const containerPort = portNumber(number);
  if (containerPort === undefined || containerPort === 0 || rest.length > 0) {
    throw invalid(`invalid port specification: "${text}"`);
  }
  if (proto === 'sctp') throw notImplemented('publishing SCTP ports is not implemented yet');
  if (proto !== 'tcp' && proto !== 'udp') throw invalid(`invalid proto: ${proto}`);
  return { proto, containerPort };
}

function addressOf(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (bare === '') return DEFAULT_ADDRESS;
  const family = isIP(bare);
  if (family === 6) throw notImplemented('publishing on IPv6 addresses of the host is not implemented yet');
  if (family !== 4) throw invalid(`invalid IP address: ${text}`);
  return bare;
}

/** `8080`, `8000-8010`, '' and `0` for any. */
function hostPortsOf(text: string): PortRequest['hostPorts'] {
  if (text === '' || text === '0') return ANY;
  const [, start = '', end = start] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [first, last] = [portNumber(start), portNumber(end)];
  if (first === undefined || last === undefined || first === 0 || last < first) {
    throw invalid(`invalid port specification: "${text}"`);
  }
  return { first, last };
}

function portNumber(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  return port !== undefined && port <= 65_535 ? port : undefined;
}

/** Of a container that was taken off all networks with a way out, nothing is reachable until it is on one again. */
function publishedOf({ state }: ContainerRecord): readonly PublishedPort[] {
  if (state.status !== 'running' || gatewayEndpoint(state.sandbox.endpoints) === undefined) return [];
  return state.sandbox.ports ?? [];
}

/** `NetworkSettings.Ports` of an inspected container: null for ports that are exposed only. Docker's is empty at rest. */
export function inspectPorts(record: ContainerRecord): Record<string, unknown> {
  if (record.state.status !== 'running') return {};
  const ports = new Map<string, { HostIp: string; HostPort: string }[] | null>(
    Object.keys(record.config.ExposedPorts).map((port) => [port, null]),
  );
  for (const { proto, containerPort, hostAddress, hostPort } of publishedOf(record)) {
    const key = `${containerPort}/${proto}`;
    const entry = { HostIp: hostAddress, HostPort: String(hostPort) };
    ports.set(key, [...(ports.get(key) ?? []), entry]);
  }
  return Object.fromEntries(ports);
}

/** `Ports` of a listed container. */
export function listPorts(record: ContainerRecord): Record<string, unknown>[] {
  if (record.state.status !== 'running') return [];
  const published = publishedOf(record);
  const exposed = Object.keys(record.config.ExposedPorts).map((port) => port.split('/'));
  return [
    ...exposed
      .map(([number = '', proto = 'tcp']) => ({ PrivatePort: Number(number), Type: proto }))
      .filter(
        ({ PrivatePort, Type }) =>
          !published.some(({ containerPort, proto }) => containerPort === PrivatePort && proto === Type),
      ),
    ...published.map(({ proto, containerPort, hostAddress, hostPort }) => ({
      IP: hostAddress,
      PrivatePort: containerPort,
      PublicPort: hostPort,
      Type: proto,
    })),
  ].toSorted((a, b) => a.PrivatePort - b.PrivatePort);
}
