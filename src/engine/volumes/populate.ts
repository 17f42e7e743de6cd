import { closeSync, constants, renameSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeTree } from '../store/remove-tree.ts';
import { syncPath } from '../store/durable.ts';
import { hasCode } from '../sys/errno.ts';
import { openInRoot } from '../sys/open-in-root.ts';
import { syncFilesystem } from '../sys/sync.ts';
import { copyTree } from './copy-tree.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

export interface Filling {
  /** The volume's content directory. */
  readonly mountpoint: string;
  /** Makes a directory beside it. */
  readonly scratch: () => Promise<string>;
  /** Whether a container has it mounted now: then it can't be replaced under that container's eyes. */
  readonly isMounted: () => boolean;
  readonly durable: boolean;
}

/** Fills an empty volume from `path` below `root`; see VolumeManager.populate. */
export async function fillVolume(root: string, path: string, filling: Filling): Promise<void> {
  if (!(await isEmptyDirectory(filling.mountpoint))) return;
  const source = await openDirectory(root, path);
  if (source === undefined) return; // The image has nothing there.
  try {
    // An empty directory of the image's lends its owner and mode, and there is nothing that could be half done.
    const whole = (await readdir(`/proc/self/fd/${source.fd}`, { encoding: 'buffer' })).length > 0;
    if (whole && !filling.isMounted()) await fillAndReplace(source, filling);
    else await fillInPlace(source, filling.mountpoint);
  } finally {
    await source.close();
  }
}

export async function isEmptyDirectory(directory: string): Promise<boolean> {
  return (await readdir(directory, { encoding: 'buffer' })).length === 0;
}

/** @returns undefined where there is no directory. @throws SyscallError */
async function openDirectory(root: string, path: string): Promise<FileHandle | undefined> {
  let fd: number;
  try {
    fd = openInRoot(root, path.replace(/^\/+/, '') || '.', O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
  try {
    // A FileHandle of the same directory: its methods don't block the engine.
    return await open(`/proc/self/fd/${fd}`, O_RDONLY | O_DIRECTORY);
  } finally {
    closeSync(fd);
  }
}

async function fillInPlace(source: FileHandle, directory: string): Promise<void> {
  const target = await open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    await copyTree(source, target);
  } finally {
    await target.close();
  }
}

async function fillAndReplace(source: FileHandle, filling: Filling): Promise<void> {
  const scratch = await filling.scratch();
  try {
    await fillInPlace(source, scratch);
    if (filling.durable) await syncFilesystem(scratch);
    // Both in one turn of the event loop: no container can get between. rename(2) replaces an empty directory only.
    if (!filling.isMounted()) {
      renameSync(scratch, filling.mountpoint);
      if (filling.durable) await syncPath(dirname(filling.mountpoint));
      return;
    }
  } catch (error) {
    await removeTree(scratch);
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return; // Somebody has written into it: it keeps what it has.
    throw error;
  }
  await removeTree(scratch);
  await fillInPlace(source, filling.mountpoint);
}
