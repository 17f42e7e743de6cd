import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from './errno.ts';

/** The sockets that a process holds, as `socket:[INODE]` (proc_pid_fd(5)); undefined for a process that is gone. */
export function socketsOf(pid: number): ReadonlySet<string> | undefined {
  const directory = `/proc/${pid}/fd`;
  const sockets = new Set<string>();
  try {
    for (const fd of readdirSync(directory)) {
      const target = openTarget(`${directory}/${fd}`);
      if (target?.startsWith('socket:') === true) sockets.add(target);
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
  return sockets;
}

function openTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined; // Closed meanwhile.
    throw error;
  }
}

const FIRST_LOOK_MS = 1;
const LONGEST_PAUSE_MS = 16;

/**
 * Waits until a process has accepted a connection: a connection that nobody has accepted yet is in none of its fds, and
 * the kernel tells the one who connected nothing of it. Also over when the process is gone, or ended and holds nothing.
 *
 * @param before the process's sockets before the connection was made
 * @throws Error after `timeoutMs`
 */
export async function untilAccepted(
  pid: number,
  before: ReadonlySet<string>,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const now = socketsOf(pid);
    if (now === undefined || now.size === 0 || [...now].some((socket) => !before.has(socket))) return;
    if (performance.now() > deadline) {
      throw new Error(`process ${pid} has not accepted a connection for ${timeoutMs} ms`);
    }
    await delay(pause);
  }
}
