import { constants, existsSync } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../../sys/spawn.ts';
import { hasCode } from '../../sys/errno.ts';
import type { ContainersContext } from '../context.ts';

/**
 * Does what `crun start` does, without a process of its own: a created container waits for one byte on the FIFO
 * `exec.fifo` in crun's state directory (crun 1.21, src/libcrun/status.c libcrun_status_write_exec_fifo). Where a crun
 * has no such FIFO, crun itself is run.
 */
export async function releaseProcess(context: ContainersContext, id: string): Promise<void> {
  const fifo = fifoOf(context, id);
  try {
    const file = await open(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      await unlink(fifo);
      await file.write(Buffer.from([0]));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    await mustRun(context.config.crun, [
      `--root=${context.layout.crunRoot}`,
      '--cgroup-manager=cgroupfs',
      'start',
      id,
    ]);
  }
}

/** True for a container that is created and has not been let go. */
export const waitsForRelease = (context: ContainersContext, id: string): boolean =>
  existsSync(fifoOf(context, id));

const fifoOf = (context: ContainersContext, id: string): string =>
  join(context.layout.crunRoot, id, 'exec.fifo');
