import { invalidArgument } from './invalid-argument.ts';

export interface HostPortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

export interface PortFields {
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly PortBindings: Readonly<Record<string, readonly HostPortBinding[]>>;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

const SPEC =
  /^(?:(?:(?<ip>\[[^\]]+\]|[\d.]+)?:)?(?<host>\d+(?:-\d+)?)?:)?(?<container>\d+(?:-\d+)?)(?:\/(?<proto>\w+))?$/;

/** `--publish` and `--expose` as docker's client sends them: ranges expanded, what is published is exposed too. */
export function portFields(publish: readonly string[], expose: readonly string[]): PortFields {
  const bindings: Record<string, HostPortBinding[]> = {};
  const exposed: Record<string, object> = {};
  for (const spec of publish) {
    for (const { port, binding } of published(spec)) {
      exposed[port] = {};
      (bindings[port] ??= []).push(binding);
    }
  }
  for (const spec of expose) {
    const [, numbers = '', proto = 'tcp'] = /^(\d+(?:-\d+)?)(?:\/(\w+))?$/.exec(spec) ?? [];
    const range = rangeOf(numbers);
    if (range === undefined || !isProto(proto)) {
      throw invalidArgument(spec, '--expose', `invalid range format for --expose: ${spec}`);
    }
    for (let port = range.first; port <= range.last; port += 1)
      exposed[`${port}/${proto.toLowerCase()}`] = {};
  }
  return { ExposedPorts: exposed, PortBindings: bindings };
}

/** `[[HOST-ADDRESS:][HOST-PORT]:]CONTAINER-PORT[/PROTO]`; either port may be a range, of the same length. */
function published(spec: string): { port: string; binding: HostPortBinding }[] {
  const fail = (why: string): Error => invalidArgument(spec, '-p, --publish', why);
  const { ip = '', host = '', container = '', proto = 'tcp' } = SPEC.exec(spec)?.groups ?? {};
  const inside = rangeOf(container);
  if (inside === undefined) throw fail(`invalid containerPort: ${spec}`);
  if (!isProto(proto)) throw fail(`invalid proto: ${proto}`);
  const outside = host === '' ? undefined : rangeOf(host);
  if (host !== '' && outside === undefined) throw fail(`invalid hostPort: ${host}`);
  const length = inside.last - inside.first;
  // One container port with a range of the host's: the engine takes the first that is free.
  const anyOf = outside !== undefined && length === 0 && outside.last > outside.first;
  if (outside !== undefined && !anyOf && outside.last - outside.first !== length) {
    throw fail('invalid ranges specified for container and host Ports');
  }
  return Array.from({ length: length + 1 }, (_, index) => ({
    port: `${inside.first + index}/${proto.toLowerCase()}`,
    binding: {
      HostIp: ip.replace(/^\[(.*)\]$/, '$1'),
      HostPort: outside === undefined ? '' : anyOf ? host : String(outside.first + index),
    },
  }));
}

const isProto = (proto: string): boolean => ['tcp', 'udp', 'sctp'].includes(proto.toLowerCase());

function rangeOf(text: string): Range | undefined {
  const [first = Number.NaN, last = first] = text.split('-').map(Number);
  return first >= 0 && last >= first && last <= 65_535 && text !== '' ? { first, last } : undefined;
}
