import type { OciMount } from '../../oci/spec.ts';
import type { ContainersContext } from '../context.ts';
import type { SharePlace } from '../../shares/contract.ts';
import type { ContainerRecord } from '../model.ts';
import type { MountRecord, TmpfsMountRecord } from './model.ts';

/**
 * The mounts of a container that is about to run.
 *
 * @throws EngineError notFound for a volume that is gone; as HostShares for what is the host's
 */
export async function mountsForStart(
  context: ContainersContext,
  record: ContainerRecord,
): Promise<OciMount[]> {
  return Promise.all(
    (record.mounts ?? []).map(async (mount): Promise<OciMount> => {
      const { destination } = mount;
      if (mount.type === 'tmpfs') {
        return { destination, type: 'tmpfs', source: 'tmpfs', options: mount.options };
      }
      const propagation = (mount.type === 'bind' ? mount.propagation : undefined) ?? 'rprivate';
      const { path, writable } = await placeOf(context, record.id, mount);
      const access = mount.writable && writable ? 'rw' : 'ro';
      return { destination, type: 'bind', source: path, options: ['rbind', propagation, access] };
    }),
  );
}

async function placeOf(
  context: ContainersContext,
  id: string,
  mount: Exclude<MountRecord, TmpfsMountRecord>,
): Promise<SharePlace> {
  if (mount.type === 'bind') {
    if (mount.shared === true) return context.shares.share(mount.source, false);
    return { path: context.config.engineSocket, writable: true };
  }
  const { name, destination, writable } = mount;
  return { path: context.volumes.mount(id, { name, destination, writable }).mountpoint, writable: true };
}
