import type { ResolvedImage } from '../../images/contract.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import type { MountRecord, MountRequest } from './model.ts';

export interface PreparedMounts {
  readonly mounts: readonly MountRecord[];
  /** Volumes that are to get what the image has at their place, if they are empty. */
  readonly fill: readonly {
    readonly name: string;
    readonly destination: string;
    readonly durable: boolean;
  }[];
}

/**
 * Finds or makes the volumes of a container to be, which holds them from now on.
 *
 * @param durable false: anonymous volumes go with the container, so nothing waits until they have reached the disk
 * @throws EngineError; the container holds nothing then
 */
export async function prepareMounts(
  context: ContainersContext,
  containerId: string,
  requests: readonly MountRequest[],
  durable: boolean,
): Promise<PreparedMounts> {
  const mounts: MountRecord[] = [];
  const fill: { name: string; destination: string; durable: boolean }[] = [];
  try {
    for (const request of requests) {
      if (request.type === 'volume') {
        // Another container's, by --volumes-from.
        await context.volumes.use({ name: request.name, driver: '', labels: null }, containerId);
        mounts.push(request);
      } else if (request.type !== 'wanted volume') mounts.push(request);
      else {
        const { name: wanted, driver, labels, copy, destination, writable, mode } = request;
        const anonymous = wanted === '';
        const sync = durable || !anonymous;
        const { name } = await context.volumes.use(
          { name: wanted, driver, labels, durable: sync },
          containerId,
        );
        mounts.push({ type: 'volume', name, anonymous, destination, writable, mode });
        if (copy) fill.push({ name, destination, durable: sync });
      }
    }
  } catch (error) {
    await releaseMounts(context, containerId, mounts, true);
    throw error;
  }
  return { mounts, fill };
}

/**
 * Gives empty volumes the image's content. The root that it mounts for that is the one that a start will use, unless the
 * container has ids of its own: volumes are on the disk with the image's. What is left of such a root by a crash goes at
 * the engine's next start.
 */
export async function fillVolumes(
  context: ContainersContext,
  containerId: string,
  image: ResolvedImage,
  fill: PreparedMounts['fill'],
): Promise<void> {
  for (const { name, destination, durable } of fill) {
    if (!(await context.volumes.isEmpty(name))) continue;
    const root =
      context.idRanges.rangeOf(containerId) === undefined ? containerId : `.removed-${containerId}`;
    const { merged } = await context.rootfs.mount(root, image);
    try {
      await context.volumes.populate(name, merged, destination, durable);
    } finally {
      if (root !== containerId) await context.rootfs.remove(root);
    }
  }
}

/** A container that is gone gives its volumes back; with `remove`, those that nobody named go too. */
export async function releaseMounts(
  context: ContainersContext,
  containerId: string,
  mounts: readonly MountRecord[],
  remove: boolean,
): Promise<void> {
  const anonymous = mounts.flatMap((mount) =>
    mount.type === 'volume' && mount.anonymous ? [mount.name] : [],
  );
  await context.volumes.release(containerId, remove ? anonymous : []);
}

/** A container of an earlier engine holds its volumes on. */
export function restoreMounts(context: ContainersContext, record: ContainerRecord): void {
  const running = record.state.status === 'running';
  for (const mount of record.mounts ?? []) {
    if (mount.type === 'volume') context.volumes.restoreUse(mount.name, record.id, running);
  }
}
