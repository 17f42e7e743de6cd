import { parseSize } from '../../core/units.ts';
import { invalidArgument } from './invalid-argument.ts';

/** An entry of HostConfig.Mounts, as docker's client sends it. */
export interface MountBody {
  Type: string;
  Source?: string;
  Target?: string;
  ReadOnly?: true;
  Consistency?: string;
  BindOptions?: Record<string, unknown>;
  VolumeOptions?: {
    NoCopy?: true;
    Labels?: Record<string, string>;
    Subpath?: string;
    DriverConfig?: { Name?: string; Options?: Record<string, string> };
  };
  ImageOptions?: Record<string, unknown>;
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
}

/** Keys that stand for `key=true` when they stand alone. */
const SWITCHES = ['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive'];

/**
 * `--mount type=volume,source=data,target=/data,…` (docker CLI, opts/mount.go): CSV of keys and values.
 *
 * @param absolute makes a relative path of this computer absolute
 * @throws WherryError in docker's words
 */
export function parseMountFlag(text: string, absolute: (path: string) => string): MountBody {
  const fail = (reason: string): Error => invalidArgument(text, '--mount', reason);
  const mount: MountBody = { Type: 'volume' };
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? (SWITCHES.includes(key) ? 'true' : undefined) : field.slice(equals + 1);
    if (value === undefined) throw fail(`invalid field '${field}' must be a key=value pair`);
    const set = SETTERS[key];
    if (set === undefined) throw fail(`unexpected key '${key}' in '${field}'`);
    const wrong = set(mount, value, key);
    if (wrong !== undefined) throw fail(wrong);
  }
  if (mount.Type === '') throw fail('type is required');
  if (mount.Target === undefined || mount.Target === '') throw fail('target is required');
  for (const [type, field] of OPTIONS_OF) {
    if (mount.Type !== type && mount[field] !== undefined) {
      throw fail(`cannot mix '${type}-*' options with mount type '${mount.Type}'`);
    }
  }
  if (mount.Type === 'bind' && mount.Source?.startsWith('.') === true) mount.Source = absolute(mount.Source);
  return mount;
}

const OPTIONS_OF = [
  ['bind', 'BindOptions'],
  ['volume', 'VolumeOptions'],
  ['tmpfs', 'TmpfsOptions'],
  ['image', 'ImageOptions'],
] as const;

/** Returns what is wrong. */
type Setter = (mount: MountBody, value: string, key: string) => string | undefined;

const setText =
  (field: 'Source' | 'Target' | 'Consistency'): Setter =>
  (mount, value, key) => {
    if (field === 'Target' && value === '') return `invalid value for '${key}': value is empty`;
    mount[field] = field === 'Consistency' ? value.toLowerCase() : value;
    return undefined;
  };

const setFlag =
  (set: (mount: MountBody) => void): Setter =>
  (mount, value, key) => {
    if (['true', '1'].includes(value)) set(mount);
    else if (!['false', '0'].includes(value)) return `invalid value for ${key}: ${value}`;
    return undefined;
  };

const readOnly = setFlag((mount) => {
  mount.ReadOnly = true;
});

const setBind =
  (field: string): Setter =>
  (mount, value) => {
    (mount.BindOptions ??= {})[field] = value;
    return undefined;
  };

const setPair =
  (target: (mount: MountBody) => Record<string, string>): Setter =>
  (mount, value) => {
    const [name = '', ...rest] = value.split('=');
    target(mount)[name] = rest.join('=');
    return undefined;
  };

const SETTERS: Readonly<Record<string, Setter>> = {
  type: (mount, value) => {
    mount.Type = value.toLowerCase();
    return undefined;
  },
  source: setText('Source'),
  src: setText('Source'),
  target: setText('Target'),
  dst: setText('Target'),
  destination: setText('Target'),
  readonly: readOnly,
  ro: readOnly,
  consistency: setText('Consistency'),
  'bind-propagation': setBind('Propagation'),
  'bind-nonrecursive': setFlag((mount) => {
    (mount.BindOptions ??= {})['NonRecursive'] = true;
  }),
  'bind-recursive': (mount, value) => {
    const field = {
      enabled: undefined,
      disabled: 'NonRecursive',
      writable: 'ReadOnlyNonRecursive',
      readonly: 'ReadOnlyForceRecursive',
    }[value];
    if (!['enabled', 'disabled', 'writable', 'readonly'].includes(value)) {
      return `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`;
    }
    mount.BindOptions ??= {};
    if (field !== undefined) mount.BindOptions[field] = true;
    return undefined;
  },
  'volume-nocopy': setFlag((mount) => {
    (mount.VolumeOptions ??= {}).NoCopy = true;
  }),
  'volume-subpath': (mount, value) => {
    (mount.VolumeOptions ??= {}).Subpath = value;
    return undefined;
  },
  'volume-label': setPair((mount) => ((mount.VolumeOptions ??= {}).Labels ??= {})),
  'volume-driver': (mount, value) => {
    ((mount.VolumeOptions ??= {}).DriverConfig ??= {}).Name = value;
    return undefined;
  },
  'volume-opt': setPair((mount) => (((mount.VolumeOptions ??= {}).DriverConfig ??= {}).Options ??= {})),
  'image-subpath': (mount, value) => {
    (mount.ImageOptions ??= {})['Subpath'] = value;
    return undefined;
  },
  'tmpfs-size': (mount, value, key) => {
    const size = parseSize(value);
    if (size === undefined) return `invalid value for ${key}: ${value}`;
    (mount.TmpfsOptions ??= {}).SizeBytes = size;
    return undefined;
  },
  'tmpfs-mode': (mount, value, key) => {
    if (!/^[0-7]+$/.test(value)) return `invalid value for ${key}: ${value}`;
    (mount.TmpfsOptions ??= {}).Mode = Number.parseInt(value, 8);
    return undefined;
  },
};

/** One line of CSV (RFC 4180): a field in double quotes may hold commas, and `""` for a quote. */
function csvFields(text: string): string[] {
  const fields: string[] = [];
  for (const [, quoted, plain] of text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    fields.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
  }
  return fields;
}
