import { existsSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { oomKills } from './cgroup.ts';
import { publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerEntry } from '../registry.ts';
import { cgroupOf } from '../lifecycle/release-resources.ts';

/**
 * Calls back whenever the kernel has killed something in a cgroup for want of memory: it tells of each change of
 * `memory.events` (cgroup-v2.rst, "memory.events").
 *
 * @returns ends the watching
 */
export function watchOomKills(directory: string, onKill: () => void): () => void {
  const file = join(directory, 'memory.events');
  // Memory isn't counted here.
  if (!existsSync(file)) return () => undefined;
  let seen = oomKills(directory);
  const watcher: FSWatcher = watch(file, () => {
    const now = oomKills(directory);
    if (now > seen) onKill();
    seen = Math.max(seen, now);
  });
  // The cgroup goes with its container.
  watcher.on('error', () => watcher.close());
  return () => watcher.close();
}

/** Notes and tells, while a container runs, that something of it was killed for want of memory. Ends with the container, or by the function that it returns. */
export function watchMemory(context: ContainersContext, entry: ContainerEntry): () => void {
  const unwatch = watchOomKills(cgroupOf(context, entry.id), () => {
    const { state } = entry;
    if (state.status !== 'running') return;
    entry.record.state = { ...state, oomKilled: true };
    publish(context, entry, 'oom');
  });
  const end = (): void => {
    entry.events.off('exit', end);
    unwatch();
  };
  entry.events.once('exit', end);
  return end;
}
