import type { Rootfs, RootfsManager } from '../../images/contract.ts';
import type { IdRange } from '../../sys/user-namespace.ts';
import type { OwnUsers } from './own-users.ts';

/**
 * Root filesystems with each container's own ids: whoever mounts one, to run it or to look into it, gets it with the
 * same owners.
 *
 * @param rangeOf the ids of a container; undefined: the VM's
 */
export function shiftedRoots(
  roots: RootfsManager,
  users: OwnUsers,
  rangeOf: (containerId: string) => IdRange | undefined,
): RootfsManager {
  return {
    async mount(containerId, image): Promise<Rootfs> {
      const range = rangeOf(containerId);
      if (range === undefined) return await roots.mount(containerId, image);
      await users.open(containerId, range);
      return await roots.mount(containerId, image, users.userns(containerId));
    },
    async unmount(containerId) {
      await roots.unmount(containerId);
      users.release(containerId);
    },
    async remove(containerId) {
      await roots.remove(containerId);
      users.release(containerId);
    },
    limit: async (containerId, bytes) => roots.limit(containerId, bytes),
    size: async (containerId) => await roots.size(containerId),
  };
}
