import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { hasCode } from '../../sys/errno.ts';

/** The file of a log that has been put aside `age` times; 0 is the one that conmon writes to. */
export const logFile = (file: string, age: number): string => (age === 0 ? file : `${file}.${age}`);

/** An open file of a log. */
export interface OpenLog {
  readonly fd: number;
  readonly inode: number;
}

/** Whether two names are one file, or the inode of one; undefined where there is none. */
export function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/**
 * Opens all files of a log, oldest first. Done in one turn of the loop, as the engine's part of a rotation is: no file is
 * missed or seen twice. (Half-way through a rotation, or after an engine's end there, two names are one file.)
 */
export function openLogs(file: string, maxFiles: number): OpenLog[] {
  const opened: OpenLog[] = [];
  for (let age = maxFiles - 1; age >= 0; age -= 1) {
    const log = openLog(logFile(file, age));
    if (log === undefined) continue;
    if (opened.at(-1)?.inode === log.inode) closeSync(log.fd);
    else opened.push(log);
  }
  return opened;
}

/** Opens the files that came after `last`: none while conmon still writes to it. */
export function openNewer(file: string, maxFiles: number, last: OpenLog): OpenLog[] {
  if (inodeOf(file) === last.inode) return [];
  const all = openLogs(file, maxFiles);
  const at = all.findIndex(({ inode }) => inode === last.inode);
  // Where it has been removed since, everything that is left is newer.
  for (const older of all.slice(0, at + 1)) closeSync(older.fd);
  return all.slice(at + 1);
}

function openLog(path: string): OpenLog | undefined {
  try {
    const fd = openSync(path, 'r');
    return { fd, inode: fstatSync(fd).ino };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
