import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeCgroup } from '../process/cgroup.ts';
import type { ContainersContext } from '../context.ts';
import { releaseShm } from '../namespaces/shm.ts';

export const cgroupOf = (context: ContainersContext, id: string): string =>
  join(context.config.cgroupRoot, context.config.cgroupParent, id);

/**
 * Gives back what a container that no longer runs still holds: its cgroup, crun's state, mounts, network. Does what
 * `crun delete` would do, without a process. Idempotent; every part is tried, then the first failure thrown.
 */
export async function releaseResources(context: ContainersContext, id: string): Promise<void> {
  // First the processes: what they hold open keeps mounts and network busy.
  const cgroup = await settle(removeCgroup(cgroupOf(context, id)));
  context.volumes.unmountAll(id);
  releaseShm(context, id);
  const rest = await Promise.all(
    [
      rm(join(context.layout.crunRoot, id), { recursive: true, force: true }),
      // Whoever still copies out of it unmounts it afterwards.
      ...((context.registry.byId(id)?.rootUsers ?? 0) > 0 ? [] : [context.rootfs.unmount(id)]),
      context.networks.destroySandbox(id),
    ].map(settle),
  );
  const failed = [cgroup, ...rest].find((outcome) => outcome !== undefined);
  if (failed !== undefined) throw failed.error;
}

async function settle(work: Promise<unknown>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return { error };
  }
}
