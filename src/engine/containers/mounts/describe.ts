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
        return { Type: 'bind', Source: mount.source, ...common, Mode: mount.mode, Propagation: 'rprivate' };
      case 'tmpfs':
        return { Type: 'tmpfs', Source: '', ...common, Mode: '', Propagation: '' };
    }
  });
}
