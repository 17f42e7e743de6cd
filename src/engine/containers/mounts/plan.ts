import type { ContainerConfig, HostConfig } from '../../../protocol/docker/container-config.ts';
import { invalid } from '../../errors.ts';
import type { MountRecord, MountRequest } from './model.ts';
import { cleanDestination } from './destination.ts';
import { parseBind } from './parse-bind.ts';
import { parseMount } from './parse-mount.ts';

/**
 * Everything that a create request wants mounted, in Docker's order of precedence: what another container has
 * (`--volumes-from`) gives way to Binds and Mounts, and a volume that only the image or `-v /path` asks for gives way
 * to all of them.
 *
 * @param mountsOf the mounts of another container; throws for one that isn't there
 * @throws EngineError invalidParameter, notImplemented
 */
export function planMounts(
  config: Pick<ContainerConfig, 'Volumes'>,
  host: Pick<HostConfig, 'Binds' | 'Mounts' | 'Tmpfs' | 'VolumesFrom'>,
  mountsOf: (container: string) => readonly MountRecord[],
): MountRequest[] {
  const tmpfs = Object.keys(host.Tmpfs).map((path) => cleanDestination(path, 'invalid tmpfs mount: '));
  const own = [...host.Binds.map(parseBind), ...host.Mounts.map(parseMount)];
  const taken = new Set(tmpfs);
  for (const { destination } of own) {
    if (taken.has(destination)) throw invalid(`Duplicate mount point: ${destination}`);
    taken.add(destination);
  }
  const planned = new Map<string, MountRequest>();
  for (const mount of host.VolumesFrom.flatMap((text) => volumesFrom(text, mountsOf))) {
    if (!tmpfs.includes(mount.destination)) planned.set(mount.destination, mount);
  }
  for (const mount of own) planned.set(mount.destination, mount);
  for (const path of Object.keys(config.Volumes)) {
    const destination = cleanDestination(path, 'invalid volume: ');
    if (planned.has(destination) || taken.has(destination)) continue;
    planned.set(destination, anonymousVolume(destination));
  }
  return [...planned.values()];
}

const anonymousVolume = (destination: string): MountRequest => ({
  type: 'wanted volume',
  name: '',
  driver: '',
  labels: null,
  destination,
  writable: true,
  copy: true,
  mode: '',
});

/** `CONTAINER[:ro|rw[,z]]`: its mounts, at most as writable as they are there. */
function volumesFrom(text: string, mountsOf: (container: string) => readonly MountRecord[]): MountRequest[] {
  const [container = '', mode = 'rw', ...rest] = text.split(':');
  if (container === '') throw invalid(`invalid volumes-from specification: '${text}'`);
  const words = mode.split(',');
  if (rest.length > 0 || words.some((word) => !['ro', 'rw', 'z', 'Z'].includes(word))) {
    throw invalid(`invalid mode for volumes-from: ${[mode, ...rest].join(':')}`);
  }
  const writable = !words.includes('ro');
  return mountsOf(container).map((mount) => ({ ...mount, writable: mount.writable && writable }));
}
