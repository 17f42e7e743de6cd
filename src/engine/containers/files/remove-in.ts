import { constants } from 'node:fs';
import { open, readdir, rmdir, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { EngineError } from '../../errors.ts';
import { hasCode } from '../../sys/errno.ts';
import { O_PATH } from '../../sys/open-in-root.ts';
import type { FilesView } from './view.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/**
 * Removes a name of an open directory, and what is below it. Every directory is entered by its own fd and no link is
 * followed: one that is swapped for a link meanwhile isn't entered. What is gone already is no error.
 *
 * @throws EngineError for a place where something is mounted
 */
export async function removeIn(view: FilesView, directory: FileHandle, name: Buffer): Promise<void> {
  const path = Buffer.concat([Buffer.from(`/proc/self/fd/${directory.fd}/`), name]);
  await refuseMountPoint(view, directory, path, name);
  try {
    await unlink(path);
    return;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    if (!hasCode(error, 'EISDIR', 'EPERM')) throw error;
  }
  const opened = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    for (const child of await readdir(`/proc/self/fd/${opened.fd}`, { encoding: 'buffer' })) {
      await removeIn(view, opened, child);
    }
  } finally {
    await opened.close();
  }
  await rmdir(path);
}

/**
 * The kernel itself protects mount points of the caller's own namespace only (namespaces(7)); anybody else's are
 * unmounted when their place goes, the container's own among them.
 */
async function refuseMountPoint(
  view: FilesView,
  directory: FileHandle,
  path: Buffer,
  name: Buffer,
): Promise<void> {
  let there: FileHandle;
  try {
    there = await open(path, O_PATH | O_NOFOLLOW);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  try {
    if (view.mountOf(there.fd) === view.mountOf(directory.fd)) return;
    throw new EngineError('system', `unlinkat ${name.toString('utf8')}: device or resource busy`);
  } finally {
    await there.close();
  }
}
