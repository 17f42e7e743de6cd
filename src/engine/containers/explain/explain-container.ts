import { statSync } from 'node:fs';
import { release } from 'node:os';
import type { Explanation } from '../../../protocol/docker/explanation.ts';
import type { ContainersContext } from '../context.ts';
import { requireRunning } from '../registry.ts';
import type { ContainerEntry } from '../registry.ts';
import { cgroupOf } from '../lifecycle/release-resources.ts';
import { limitsIn } from './limits.ts';
import { namespacesOf, pidInside } from './namespaces.ts';
import { overlayAt } from './snapshot.ts';

/** @throws EngineError conflict unless it runs */
export async function explainRunning(
  context: ContainersContext,
  entry: ContainerEntry,
): Promise<Explanation> {
  return await explainProcess(context, entry, requireRunning(entry).process.pid);
}

/** What the container whose first process has `pid` is made of, read from the kernel and the image cache. */
export async function explainProcess(
  context: ContainersContext,
  entry: ContainerEntry,
  pid: number,
): Promise<Explanation> {
  const { record } = entry;
  const image = context.images.resolve(record.imageId);
  const { merged, upper } = await context.rootfs.mount(record.id, image);
  return {
    ContainerID: record.id,
    Image: {
      ID: image.id,
      Name: record.config.Image,
      Layers: image.layers.map(({ diffId, file }) => ({
        DiffID: diffId,
        File: file,
        Bytes: statSync(file).size,
      })),
    },
    Snapshot: { ...overlayAt(merged), MountPoint: merged, Upper: upper },
    Namespaces: namespacesOf(pid),
    Cgroup: {
      Path: `${context.config.cgroupParent}/${record.id}`,
      Limits: limitsIn(cgroupOf(context, record.id)),
    },
    Process: { Args: record.argv, Pid: pid, PidInside: pidInside(pid), Kernel: release() },
  };
}
