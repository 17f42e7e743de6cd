import { resolve } from 'node:path';
import { parseMountFlag } from './mount-flag.ts';
import type { MountBody } from './mount-flag.ts';

export interface VolumeFlags {
  readonly volume?: readonly string[] | undefined;
  readonly mount?: readonly string[] | undefined;
  readonly tmpfs?: readonly string[] | undefined;
  readonly 'volumes-from'?: readonly string[] | undefined;
}

export interface VolumeFields {
  /** Of the config: places of anonymous volumes. */
  readonly volumes: Readonly<Record<string, object>>;
  readonly host: {
    readonly Binds?: readonly string[];
    readonly Mounts?: readonly MountBody[];
    readonly Tmpfs?: Readonly<Record<string, string>>;
    readonly VolumesFrom?: readonly string[];
  };
}

/** `-v`, `--mount`, `--tmpfs` and `--volumes-from` as docker's client sends them. `directory` is where it was called. */
export function volumeFields(flags: VolumeFlags, directory: string): VolumeFields {
  const absolute = (path: string): string => resolve(directory, path);
  const given = flags.volume ?? [];
  const binds = given.filter((spec) => spec.includes(':')).map((spec) => absoluteBind(spec, absolute));
  const mounts = (flags.mount ?? []).map((text) => parseMountFlag(text, absolute));
  const tmpfs = Object.fromEntries((flags.tmpfs ?? []).map(splitTmpfs));
  return {
    volumes: Object.fromEntries(given.filter((spec) => !spec.includes(':')).map((path) => [path, {}])),
    host: {
      ...(binds.length > 0 ? { Binds: binds } : {}),
      ...(mounts.length > 0 ? { Mounts: mounts } : {}),
      ...(flags.tmpfs ? { Tmpfs: tmpfs } : {}),
      ...(flags['volumes-from'] ? { VolumesFrom: flags['volumes-from'] } : {}),
    },
  };
}

/** `./src:/app` is a path of this computer; `src:/app` is a volume. */
function absoluteBind(spec: string, absolute: (path: string) => string): string {
  if (!/^\.{1,2}(?:[:/\\])/.test(spec)) return spec;
  const colon = spec.indexOf(':');
  return absolute(spec.slice(0, colon)) + spec.slice(colon);
}

function splitTmpfs(spec: string): [string, string] {
  const colon = spec.indexOf(':');
  return colon < 0 ? [spec, ''] : [spec.slice(0, colon), spec.slice(colon + 1)];
}
