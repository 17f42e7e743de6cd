import type { ContainersContext } from '../context.ts';
import type { ContainerRecord } from '../model.ts';

/** Bytes: what a container has written, and that together with its image. */
export interface ContainerSizes {
  readonly SizeRw: number;
  readonly SizeRootFs: number;
}

/** Looks at every file of the container's own layer: only where somebody asks for it. */
export async function sizesOf(context: ContainersContext, record: ContainerRecord): Promise<ContainerSizes> {
  const written = await context.rootfs.size(record.id);
  return { SizeRw: written, SizeRootFs: written + context.images.sizeOf(record.imageId) };
}
