import { closeSync, constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { hasCode } from '../../sys/errno.ts';
import { detachedOverlay } from '../../sys/layer-mounts.ts';
import { readOwnAttribute } from '../../sys/open-file-attributes.ts';

/*
 * A container's own layer, the upper directory of its overlayfs, beside what lies below it. Steps go by open
 * directories and follow no link.
 */

/**
 * What the runtime makes as mount points where the image hasn't got it. Docker puts these into a layer of their own,
 * which doesn't count (moby daemon/initlayer).
 */
const RUNTIME_DIRECTORIES = ['/dev', '/dev/pts', '/dev/shm', '/etc', '/proc', '/sys'];
const RUNTIME_FILES = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev/console'];

/**
 * Whether something that the image hasn't got is such a mount point.
 *
 * @param isEmpty a directory that has nothing else in it
 */
export function isRuntimes(path: string, now: Stats, isEmpty: boolean): boolean {
  if (now.isDirectory()) return isEmpty && RUNTIME_DIRECTORIES.includes(path);
  return now.isFile() && now.size === 0 && RUNTIME_FILES.includes(path);
}

/** Overlayfs's mark of a name that is gone: a character device 0:0 (kernel, filesystems/overlayfs.rst). */
export const isWhiteout = (stat: Stats): boolean => stat.isCharacterDevice() && stat.rdev === 0;

export const isOpaque = (directory: FileHandle): boolean =>
  readOwnAttribute(directory.fd, 'trusted.overlay.opaque')?.toString('latin1') === 'y';

/** All layers of the image as one directory: a mount that is nowhere and goes with its fd. */
export async function openLowers(lowers: readonly string[]): Promise<FileHandle> {
  const [first = '', ...rest] = lowers;
  if (rest.length === 0) return await openDirectory(first);
  const mounted = detachedOverlay({ lowers });
  try {
    return await open(`/proc/self/fd/${mounted}/`, O_RDONLY | O_DIRECTORY);
  } finally {
    closeSync(mounted);
  }
}

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

export const openDirectory = async (path: string | Buffer): Promise<FileHandle> =>
  await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

export const namesIn = async (directory: FileHandle): Promise<Buffer[]> =>
  await readdir(`/proc/self/fd/${directory.fd}`, { encoding: 'buffer' });

export const lstatIn = async (directory: FileHandle, name: Buffer): Promise<Stats | undefined> =>
  await unlessGone(lstat(childOf(directory, name)));

export const childOf = (directory: FileHandle, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${directory.fd}/`), name]);

/** undefined for what is no longer there, or no longer what it was. */
export async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}
