import { statfs } from 'node:fs/promises';
import { systemErrorCode, WherryError } from '../core/errors.ts';

const MIB = 1024 * 1024;

/** What trixie's image has, for when a disk is full before the packages are unpacked and say what this one has. */
export const USUAL_IMAGE_BYTES = 240 * MIB;

/** @throws IMAGE_DISK_FULL, before anything is written, when the directory's disk has less than `needed` bytes free */
export async function requireRoom(directory: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  if (free < needed) throw imageDiskFull(directory, needed, free);
}

/** Does `work`; a disk that fills up meanwhile (others write, too) is told as IMAGE_DISK_FULL. `needed` is in bytes. */
export async function withRoom<T>(directory: string, needed: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isFull(error) ? imageDiskFull(directory, needed, undefined, error) : error;
  }
}

function isFull(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function imageDiskFull(directory: string, needed: number, free?: number, cause?: unknown): WherryError {
  const room = free === undefined ? '' : `, ${Math.floor(free / MIB)} MiB free`;
  return new WherryError({
    code: 'IMAGE_DISK_FULL',
    message: `No space left in ${directory} for the VM image: ${Math.ceil(needed / MIB)} MiB needed${room}; nothing half-made was left`,
    hint: 'Free some space, or remove images that no machine uses: wherry machine image prune',
    cause,
  });
}
