import type { OciMount } from '../../oci/spec.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerRecord } from '../model.ts';

/**
 * The mounts of a container that is about to run.
 *
 * @throws EngineError notFound for a volume that is gone
 */
export function mountsForStart(context: ContainersContext, record: ContainerRecord): OciMount[] {
  return (record.mounts ?? []).map((mount) => {
    const { destination, writable } = mount;
    if (mount.type === 'tmpfs')
      return { destination, type: 'tmpfs', source: 'tmpfs', options: mount.options };
    const propagation = (mount.type === 'bind' ? mount.propagation : undefined) ?? 'rprivate';
    const source =
      mount.type === 'bind'
        ? context.config.engineSocket
        : context.volumes.mount(record.id, { name: mount.name, destination, writable }).mountpoint;
    return { destination, type: 'bind', source, options: ['rbind', propagation, writable ? 'rw' : 'ro'] };
  });
}
