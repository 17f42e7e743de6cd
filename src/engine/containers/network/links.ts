import { EngineError, invalid } from '../../errors.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import type { ContainerEntry } from '../registry.ts';
import { DEFAULT_NETWORK } from './wanted-networks.ts';

/** `--link`: on the default network entries of /etc/hosts and variables, elsewhere names in the DNS. */
export interface Link {
  readonly name: string;
  readonly alias: string;
}

/** `NAME[:ALIAS]`, and as inspect prints them: `/NAME:/OWN/ALIAS`. @throws EngineError invalidParameter */
export function parseLinks(links: readonly string[]): Link[] {
  return links.map((text) => {
    const [name = '', alias = name, more] = text.split(':').map((part) => part.split('/').at(-1) ?? '');
    if (name === '' || alias === '' || more !== undefined) throw invalid(`bad format for links: ${text}`);
    return { name, alias };
  });
}

/** Of a create request: that the linked containers are there. @throws EngineError notFound, invalidParameter */
export function checkLinks(context: ContainersContext, { Links }: ContainerRecord['hostConfig']): void {
  for (const { name } of parseLinks(Links)) {
    try {
      context.registry.find(name);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new EngineError(error.kind, `could not get container for ${name}: ${error.message}`, error);
    }
  }
}

export interface LinkedFiles {
  /** Lines of /etc/hosts. */
  readonly hosts: readonly string[];
  readonly env: readonly string[];
}

/**
 * What the links of a container on the default network give it (moby v28, daemon/links).
 *
 * @throws EngineError system for a container that doesn't run
 */
export function linkedFiles(context: ContainersContext, record: ContainerRecord): LinkedFiles {
  if (record.hostConfig.NetworkMode !== DEFAULT_NETWORK) return { hosts: [], env: [] };
  const linked = parseLinks(record.hostConfig.Links).map(({ name, alias }) => {
    const child = context.registry.find(name);
    return { alias, child, ipv4: addressOf(record, child, alias) };
  });
  return {
    hosts: linked.map(({ alias, child, ipv4 }) => {
      const hostname = child.record.config.Hostname || child.id.slice(0, 12);
      return `${ipv4}\t${[...new Set([alias, hostname, child.record.name])].join(' ')}\n`;
    }),
    env: linked.flatMap(({ alias, child, ipv4 }) => environment(record, child.record, alias, ipv4)),
  };
}

function addressOf(record: ContainerRecord, child: ContainerEntry, alias: string): string {
  const endpoints = child.state.status === 'running' ? child.state.sandbox.endpoints : undefined;
  if (endpoints === undefined) {
    throw new EngineError(
      'system',
      `Cannot link to a non running container: /${child.record.name} AS /${record.name}/${alias}`,
    );
  }
  const endpoint = endpoints.find(({ networkName }) => networkName === DEFAULT_NETWORK);
  if (endpoint !== undefined) return endpoint.ipv4;
  throw new EngineError(
    'system',
    `Cannot link to /${child.record.name}, as it does not belong to the default network`,
  );
}

function environment(record: ContainerRecord, child: ContainerRecord, alias: string, ipv4: string): string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_');
  const ports = Object.keys(child.config.ExposedPorts)
    .map((text) => text.split('/'))
    .map(([port = '', proto = 'tcp']) => ({ port, proto }))
    .toSorted((a, b) => Number(a.port) - Number(b.port) || (a.proto === 'tcp' ? -1 : 1));
  const url = ({ port, proto }: { port: string; proto: string }): string => `${proto}://${ipv4}:${port}`;
  const [first] = ports;
  return [
    ...(first === undefined ? [] : [`${prefix}_PORT=${url(first)}`]),
    ...ports.flatMap((each) => {
      const name = `${prefix}_PORT_${each.port}_${each.proto.toUpperCase()}`;
      return [
        `${name}=${url(each)}`,
        `${name}_ADDR=${ipv4}`,
        `${name}_PORT=${each.port}`,
        `${name}_PROTO=${each.proto}`,
      ];
    }),
    `${prefix}_NAME=/${record.name}/${alias}`,
    ...child.config.Env.filter((entry) => !/^(?:HOME|PATH)=/.test(entry)).map(
      (entry) => `${prefix}_ENV_${entry}`,
    ),
  ];
}
