import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { directoryOf } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import type { ViewMount } from './view.ts';

/** Files that the engine writes for the container at its start. */
const OWN_FILES = ['hosts', 'hostname', 'resolv.conf'];

/**
 * What a container has mounted and `cp` sees: volumes, the engine's socket, the files that the engine writes. What lives
 * in its processes' own mounts alone (a tmpfs, /proc, /sys, /dev) isn't seen, as with Docker.
 */
export function viewMounts(context: ContainersContext, record: ContainerRecord): ViewMount[] {
  const own = OWN_FILES.map((name) => ({
    source: join(directoryOf(context, record.id), name),
    destination: `/etc/${name}`,
    writable: !record.hostConfig.ReadonlyRootfs,
  }));
  const asked = (record.mounts ?? []).flatMap((mount): ViewMount[] => {
    const { destination, writable } = mount;
    if (mount.type === 'tmpfs') return [];
    const source =
      mount.type === 'volume'
        ? context.volumes.mountpointOf(mount.name)
        : mount.shared === true
          ? (context.shares.placeOf(mount.source) ?? '')
          : context.config.engineSocket;
    return [{ source, destination, writable }];
  });
  const taken = new Set(asked.map(({ destination }) => destination));
  return [...own.filter(({ destination }) => !taken.has(destination)), ...asked].filter(
    ({ source }) => source !== '' && existsSync(source),
  );
}
