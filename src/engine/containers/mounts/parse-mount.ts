import { invalid, notImplemented } from '../../errors.ts';
import { tmpfsOptions } from '../../oci/mounts.ts';
import type { MountSpec } from '../../../protocol/docker/container-config.ts';
import { cleanDestination } from './destination.ts';
import type { MountRequest } from './model.ts';
import { PROPAGATIONS } from './mode.ts';
import { DEFAULT_VOLUME_MODE, given } from './parse-bind.ts';

/**
 * An entry of HostConfig.Mounts (Docker Engine API v1.51, Mount).
 *
 * @throws EngineError invalidParameter in Docker's words; notImplemented naming what isn't built
 */
export function parseMount(mount: MountSpec): MountRequest {
  const context = `invalid mount config for type "${mount.Type}": `;
  if (mount.Type === 'image') throw notImplemented('HostConfig.Mounts of type image is not implemented yet');
  if (!['volume', 'tmpfs', 'bind'].includes(mount.Type)) {
    throw invalid(`${context}mount type unknown`);
  }
  refuseOthers('HostConfig.Mounts', mount, FIELDS);
  const destination = cleanDestination(mount.Target, context);
  const options = { bind: 'BindOptions', volume: 'VolumeOptions', tmpfs: 'TmpfsOptions' } as const;
  for (const [type, field] of Object.entries(options)) {
    if (type !== mount.Type && mount[field as keyof MountSpec] !== null) {
      throw invalid(`${context}field ${field} must not be specified`);
    }
  }
  if (mount.Type === 'volume') return volumeOf(mount, destination, context);
  if (mount.Type === 'tmpfs') return tmpfsOf(mount, destination, context);
  return bindOf(mount, destination, context);
}

const FIELDS = [
  'Type',
  'Source',
  'Target',
  'ReadOnly',
  // A hint for Docker Desktop's file sharing; Docker's own engine ignores it too.
  'Consistency',
  'BindOptions',
  'VolumeOptions',
  'TmpfsOptions',
];

function volumeOf(mount: MountSpec, destination: string, context: string): MountRequest {
  const options = mount.VolumeOptions;
  refuseOthers('HostConfig.Mounts.VolumeOptions', options ?? {}, ['NoCopy', 'Labels', 'DriverConfig']);
  refuseOthers('HostConfig.Mounts.VolumeOptions.DriverConfig', options?.DriverConfig ?? {}, ['Name']);
  if (mount.Source === '' && mount.ReadOnly) {
    throw invalid(`${context}must not set ReadOnly mode when using anonymous volumes`);
  }
  return {
    type: 'wanted volume',
    name: mount.Source,
    driver: options?.DriverConfig?.Name ?? '',
    labels: options?.Labels ?? null,
    destination,
    writable: !mount.ReadOnly,
    copy: !(options?.NoCopy ?? false),
    mode: DEFAULT_VOLUME_MODE,
  };
}

function tmpfsOf(mount: MountSpec, destination: string, context: string): MountRequest {
  if (mount.Source !== '') throw invalid(`${context}field Source must not be specified`);
  const given = mount.TmpfsOptions;
  refuseOthers('HostConfig.Mounts.TmpfsOptions', given ?? {}, ['SizeBytes', 'Mode', 'Options']);
  const words = [
    ...(mount.ReadOnly ? ['ro'] : []),
    ...(given?.SizeBytes ? [`size=${given.SizeBytes}`] : []),
    ...(given?.Mode ? [`mode=${given.Mode.toString(8)}`] : []),
    ...(given?.Options ?? []).map((pair) => pair.join('=')),
  ];
  const options = tmpfsOptions(destination, words.join(','));
  return { type: 'tmpfs', destination, writable: !mount.ReadOnly, options };
}

function bindOf(mount: MountSpec, destination: string, context: string): MountRequest {
  if (mount.Source === '') throw invalid(`${context}field Source must not be empty`);
  // A share is one mount, with nothing mounted below it: the kinds of recursion are all the same.
  refuseOthers('HostConfig.Mounts.BindOptions', mount.BindOptions ?? {}, [
    'Propagation',
    'NonRecursive',
    'CreateMountpoint',
    'ReadOnlyNonRecursive',
  ]);
  const propagation = mount.BindOptions?.Propagation ?? '';
  if (propagation !== '' && !PROPAGATIONS.includes(propagation)) {
    throw invalid(`${context}invalid propagation mode: ${propagation}`);
  }
  const writable = !mount.ReadOnly;
  return { type: 'bind', source: mount.Source, destination, writable, mode: '', ...given(propagation) };
}

function refuseOthers(where: string, fields: object, known: readonly string[]): void {
  for (const [name, value] of Object.entries(fields)) {
    if (!known.includes(name) && !isEmpty(value))
      throw notImplemented(`${where}.${name} is not implemented yet`);
  }
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '' || value === 0) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}
