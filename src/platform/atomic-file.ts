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

/**
 * Makes a directory (and its parents) that only its owner may enter, and refuses one that belongs to someone else
 * or is a symbolic link: a name in a shared directory such as /tmp may have been taken by another user.
 */
export async function makeOwnerOnlyDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (process.platform === 'win32') return;
  const found = await lstat(path);
  const uid = process.getuid?.();
  if (!found.isDirectory() || (uid !== undefined && found.uid !== uid)) {
    throw new WherryError({
      code: 'DIRECTORY_NOT_OURS',
      message: `${path} is not a directory of this user: refusing to keep keys or sockets in it`,
      hint: `Look at it with: ls -ld ${path}`,
    });
  }
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
}
