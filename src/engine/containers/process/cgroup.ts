import { existsSync, readdirSync, readFileSync, rmdirSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../sys/errno.ts';

/** One container's cgroup, by its directory (cgroup v2, Documentation/admin-guide/cgroup-v2.rst). */

/** How often the kernel killed something here for want of memory; 0 where memory isn't counted. */
export function oomKills(directory: string): number {
  const text = readOptional(join(directory, 'memory.events'));
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Kills whatever is still in it and removes it and the cgroups that the container made below. Idempotent. */
export async function removeCgroup(directory: string): Promise<void> {
  try {
    rmdirSync(directory);
    return;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    if (!hasCode(error, 'EBUSY', 'ENOTEMPTY')) throw error;
  }
  await reach(directory, 'populated 0', () => writeFileSync(join(directory, 'cgroup.kill'), '1'));
  removeTree(directory);
}

function removeTree(directory: string): void {
  for (const child of readdirSync(directory, { withFileTypes: true })) {
    if (child.isDirectory()) removeTree(join(directory, child.name));
  }
  rmdirSync(directory);
}

/** Stops or continues everything in the cgroup, and returns once the kernel says so. What can't be stopped runs on. */
export async function setFrozen(directory: string, frozen: boolean): Promise<void> {
  const digit = frozen ? '1' : '0';
  const file = join(directory, 'cgroup.freeze');
  try {
    await reach(directory, `frozen ${digit}`, () => writeFileSync(file, digit));
  } catch (error) {
    if (frozen && existsSync(file)) writeFileSync(file, '0');
    throw error;
  }
}

const CHANGE_LIMIT_MS = 10_000;

/** Does something and waits for the line in `cgroup.events` that shows it has happened; the kernel notifies (inotify). */
async function reach(directory: string, line: string, act: () => void): Promise<void> {
  const events = join(directory, 'cgroup.events');
  const reached = (): boolean => readOptional(events).split('\n').includes(line);
  const watcher = watch(events);
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      watcher.on('change', () => {
        if (reached()) resolve();
      });
      watcher.on('error', reject);
      timer = setTimeout(
        () => reject(new Error(`${events}: no "${line}" within ${CHANGE_LIMIT_MS} ms`)),
        CHANGE_LIMIT_MS,
      );
      act();
      if (reached()) resolve();
    });
  } finally {
    clearTimeout(timer);
    watcher.close();
  }
}

/** Pids of everything in the cgroup, those below included. */
export function processesIn(directory: string): number[] {
  const own = readOptional(join(directory, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
  const below = readdirSync(directory, { withFileTypes: true })
    .filter((child) => child.isDirectory())
    .flatMap((child) => processesIn(join(directory, child.name)));
  return [...own, ...below];
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENODEV')) return '';
    throw error;
  }
}
