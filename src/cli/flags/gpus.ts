import { invalidArgument } from './invalid-argument.ts';

/** An entry of HostConfig.DeviceRequests (Docker Engine API v1.51). */
export interface DeviceRequest {
  readonly Driver: string;
  readonly Count: number;
  readonly DeviceIDs: readonly string[] | null;
  readonly Capabilities: readonly (readonly string[])[];
  readonly Options: Readonly<Record<string, string>>;
}

/**
 * `--gpus all|N|key=value,…` as docker's client sends it (docker/cli v28, opts/gpus.go). It's the engine that says
 * whether it has any.
 *
 * @throws WherryError in docker's words
 */
export function parseGpus(text: string): DeviceRequest {
  const fields = new Map(text.split(',').map((field) => keyed(field)));
  const known = ['driver', 'count', 'device', 'capabilities', 'options'];
  const unknown = [...fields.keys()].find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw invalidArgument(text, '--gpus', `unexpected key '${unknown}' in '${text}'`);
  const devices = fields.get('device')?.split(';') ?? null;
  return {
    Driver: fields.get('driver') ?? '',
    Count: countOf(text, fields.get('count') ?? (devices === null ? '1' : '0')),
    DeviceIDs: devices,
    Capabilities: [['gpu', ...(fields.get('capabilities')?.split(';') ?? [])]],
    Options: {},
  };
}

function keyed(field: string): readonly [string, string] {
  const equals = field.indexOf('=');
  return equals < 0 ? ['count', field] : [field.slice(0, equals), field.slice(equals + 1)];
}

function countOf(text: string, count: string): number {
  if (count === 'all') return -1;
  if (!/^\d+$/.test(count)) {
    throw invalidArgument(
      text,
      '--gpus',
      `invalid count (${count}): value must be either "all" or an integer`,
    );
  }
  return Number(count);
}
