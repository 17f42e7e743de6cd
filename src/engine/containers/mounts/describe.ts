import { LOCAL_DRIVER } from '../../volumes/contract.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerRecord } from '../model.ts';

/** A container's Mounts as inspect and the list print them (Docker Engine API v1.51, MountPoint). */
export function mountPoints(context: ContainersContext, record: ContainerRecord): Record<string, unknown>[] {
  return (record.mounts ?? []).map((mount) => {
    const common = { Destination: mount.destination, RW: mount.writable };
    switch (mount.type) {
      case 'volume':
        return {
          Type: 'volume',
          Name: mount.name,
          Source: context.volumes.mountpointOf(mount.name),
          ...common,
          Driver: LOCAL_DRIVER,
          Mode: mount.mode,
          Propagation: '',
        };
      case 'bind':
        return {
          Type: 'bind',
          Source: mount.source,
          ...common,
          Mode: mount.mode,
          Propagation: mount.propagation ?? 'rprivate',
        };
      case 'tmpfs':
        return { Type: 'tmpfs', Source: '', ...common, Mode: '', Propagation: '' };
    }
  });
}

/** An object without its empty fields, as Go's `omitempty` prints one. */
export function givenFields(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]: [string, unknown]) => {
      if (value === null || value === undefined || value === false || value === '' || value === 0) return [];
      if (Array.isArray(value)) return value.length === 0 ? [] : [[key, value]];
      return [[key, typeof value === 'object' ? givenFields(value) : value]];
    }),
  );
}
