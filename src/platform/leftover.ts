import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode, WherryError } from '../core/errors.ts';

/** Something on this computer's disk that an interrupted command has left, or that nothing needs. */
export interface Leftover {
  /** What it is, for whoever reads the list: `half-made machine`. */
  readonly what: string;
  readonly path: string;
  /** Removes it; what somebody has begun to use meanwhile is left alone. */
  remove(): Promise<void>;
}

/** The bytes that a file or a directory takes on the disk: blocks, not lengths, for disks of machines are sparse. */
export async function bytesOnDisk(path: string): Promise<number> {
  const found = await unlessGone(lstat(path));
  if (found === undefined) return 0;
  const own = found.blocks === 0 ? 0 : found.blocks * 512;
  if (!found.isDirectory()) return own;
  let total = own;
  for (const name of (await unlessGone(readdir(path))) ?? []) total += await bytesOnDisk(join(path, name));
  return total;
}

/** A directory's names; none where there is no such directory. */
export async function namesIn(path: string): Promise<string[]> {
  return (await unlessGone(readdir(path))) ?? [];
}

/** Work under a lock that is let be where another process has it. */
export async function unlessLocked(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof WherryError && error.code === 'LOCKED')) throw error;
  }
}

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}
