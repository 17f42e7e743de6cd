import { lstat, readdir } from 'node:fs/promises';

/** Bytes that the files below a directory take on the disk, those of several names counted once. */
export async function diskUsage(directory: string): Promise<number> {
  return await usageOf(Buffer.from(directory), new Set());
}

async function usageOf(directory: Buffer, seen: Set<string>): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([directory, Buffer.from('/'), entry.name]);
    if (entry.isDirectory()) bytes += await usageOf(path, seen);
    const stat = await lstat(path);
    const inode = `${stat.dev}:${stat.ino}`;
    if (stat.nlink > 1 && !stat.isDirectory() && seen.has(inode)) continue;
    seen.add(inode);
    bytes += entry.isDirectory() ? 0 : stat.size;
  }
  return bytes;
}
