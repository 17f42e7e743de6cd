import { closeSync, constants, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../sys/errno.ts';
import { inodeOf, logFile } from './files.ts';

/** conmon's `ctl` FIFO takes `2 0 0`: its log is opened anew (conmon 2.1, ctrl.c REOPEN_LOGS_EVENT). */
const REOPEN = '2 0 0\n';

/**
 * Puts a container's log aside and has conmon begin a new file. conmon itself, told to keep a log small
 * (`--log-size-max`), throws away what it has written; so the file gets its second name first, and keeps everything up to
 * the moment at which conmon, between two writes, replaces the first one (ctr_logging.c reopen_k8s_file: opens
 * `FILE.tmp`, renames it). No line is lost or written twice, whoever ends at whatever point:
 *
 * - before conmon has been told, the log's two newest names are one file: the next rotation only tells conmon
 * - where conmon could not make its new file it would end, and the container with it: the file is made here beforehand
 *
 * The engine's part takes place in one turn of the loop. Returns at once; the rotation is over when the name stands for
 * another file.
 *
 * @param bundle the directory of the container's conmon
 * @returns the inode of the file that conmon is leaving; undefined where nothing could be done now
 */
export function rotateLog(file: string, maxFiles: number, bundle: string): number | undefined {
  const current = inodeOf(file);
  if (current === undefined) return undefined;
  const control = openControl(bundle);
  if (control === undefined) return undefined;
  try {
    closeSync(openSync(`${file}.tmp`, constants.O_WRONLY | constants.O_CREAT, 0o600));
    if (maxFiles > 1 && inodeOf(logFile(file, 1)) !== current) putAside(file, maxFiles);
    writeSync(control, REOPEN);
    return current;
  } finally {
    closeSync(control);
  }
}

function putAside(file: string, maxFiles: number): void {
  rmSync(logFile(file, maxFiles - 1), { force: true });
  for (let age = maxFiles - 2; age >= 1; age -= 1) {
    try {
      renameSync(logFile(file, age), logFile(file, age + 1));
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }
  linkSync(file, logFile(file, 1));
}

/** Undefined where conmon has gone: the container has just ended. */
function openControl(bundle: string): number | undefined {
  try {
    return openSync(join(bundle, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENXIO')) return undefined;
    throw error;
  }
}
