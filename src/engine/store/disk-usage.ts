import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { hasCode } from '../sys/errno.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/**
 * The sizes of all files below a directory, in bytes, those of several names counted once: what Docker calls the size
 * of a volume or of a container's own layer. 0 for a directory that isn't there. Links aren't followed, not even one
 * that takes a directory's place meanwhile; what vanishes meanwhile doesn't count.
 */
export async function diskUsage(directory: string): Promise<number> {
  return await usageOf(Buffer.from(directory), new Set());
}

async function usageOf(path: Buffer, seen: Set<string>): Promise<number> {
  const directory = await unlessGone(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (directory === undefined) return 0;
  try {
    let bytes = 0;
    for (const entry of await readEntries(directory)) {
      const child = Buffer.concat([Buffer.from(`/proc/self/fd/${directory.fd}/`), entry.name]);
      if (entry.isDirectory()) {
        bytes += await usageOf(child, seen);
        continue;
      }
      const stat = await unlessGone(lstat(child));
      if (stat === undefined || stat.isDirectory()) continue;
      if (stat.nlink > 1) {
        const inode = `${stat.dev}:${stat.ino}`;
        if (seen.has(inode)) continue;
        seen.add(inode);
      }
      bytes += stat.size;
    }
    return bytes;
  } finally {
    await directory.close();
  }
}

const readEntries = async (directory: FileHandle) =>
  await readdir(`/proc/self/fd/${directory.fd}`, { withFileTypes: true, encoding: 'buffer' });

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}
