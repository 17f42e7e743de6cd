import { conflict } from '../../errors.ts';
import type { Rootfs } from '../../images/contract.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerEntry } from '../registry.ts';
import { openView } from './view.ts';
import type { FilesView } from './view.ts';
import { viewMounts } from './view-mounts.ts';

export interface WithFilesOptions {
  /** Volumes and the like too, not the root filesystem alone. */
  readonly mounts: boolean;
  readonly readOnly: boolean;
}

/**
 * Does something with a container's files, whether it runs or not.
 *
 * @throws EngineError conflict for a container that is being removed; SyscallError
 */
export async function withFiles<T>(
  context: ContainersContext,
  entry: ContainerEntry,
  options: WithFilesOptions,
  work: (view: FilesView) => Promise<T>,
): Promise<T> {
  return await withRoot(context, entry, async ({ merged }) => {
    const mounts = options.mounts ? viewMounts(context, entry.record) : [];
    const view = openView(merged, mounts, options.readOnly, context.idRanges.rangeOf(entry.id));
    try {
      return await work(view);
    } finally {
      view.close();
    }
  });
}

/**
 * Keeps a container's root filesystem mounted while `work` runs. The container isn't held up by it: it may start, and
 * when it ends its root stays mounted for as long as somebody here uses it (see `releaseResources`).
 */
export async function withRoot<T>(
  context: ContainersContext,
  entry: ContainerEntry,
  work: (rootfs: Rootfs) => Promise<T>,
): Promise<T> {
  const rootfs = await entry.exclusively(async () => {
    if (entry.removing) throw conflict(`container ${entry.id} is marked for removal`);
    const mounted = await context.rootfs.mount(entry.id, context.images.resolve(entry.record.imageId));
    entry.rootUsers += 1;
    return mounted;
  });
  try {
    return await work(rootfs);
  } finally {
    await entry.exclusively(async () => {
      entry.rootUsers -= 1;
      const idle = entry.rootUsers === 0 && entry.state.status !== 'running' && !entry.removing;
      if (idle) await context.rootfs.unmount(entry.id);
    });
  }
}
