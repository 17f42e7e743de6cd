import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode, WherryError } from '../core/errors.ts';

/**
 * Replaces `path` with `data` so that a crash at any point leaves either the old file or the new one:
 * temporary file beside it, fsync, rename, fsync of the directory. Owner-only unless `mode` says otherwise.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFileDurably(temporary, data, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes a new file and has its bytes on the disk before it resolves; fails if the file exists. */
export async function writeFileDurably(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the entries of a directory durable. Windows has no such call: its renames are journaled. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** A file's text, or undefined where there is no such file. */
export async function readTextIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export interface OwnerPorts {
  readonly platform: NodeJS.Platform;
  /** Gives a new directory on Windows an access list with its owner alone. */
  readonly restrict: (path: string) => Promise<void>;
}

/** Loaded on Windows only: elsewhere no command pays for running programs. */
async function restrict(path: string): Promise<void> {
  const { restrictToOwner } = await import('./windows-acl.ts');
  await restrictToOwner(path);
}

/**
 * Makes a directory (and its parents) that only its owner may enter, and refuses one that belongs to someone else
 * or is a symbolic link: a name in a shared directory such as /tmp may have been taken by another user.
 */
export async function makeOwnerOnlyDirectory(
  path: string,
  ports: OwnerPorts = { platform: process.platform, restrict },
): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (ports.platform === 'win32') {
    // Modes mean nothing there. What was there before keeps the list that its owner gave it.
    if (made !== undefined) await ports.restrict(path);
    return;
  }
  const found = await lstat(path);
  const uid = process.getuid?.();
  if (!found.isDirectory() || (uid !== undefined && found.uid !== uid)) {
    throw notOurs(path);
  }
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
}

/** The refusal of a directory that another user made, or can write to. */
export function notOurs(path: string): WherryError {
  return new WherryError({
    code: 'DIRECTORY_NOT_OURS',
    message: `${path} is not a directory of this user alone: refusing to keep keys or sockets in it`,
    hint: `Look at it with: ls -ld ${path}`,
  });
}
