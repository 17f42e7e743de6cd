import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { VhdxIds } from '../core/vhdx/header.ts';
import { BLOCK_BYTES, vhdxLayout } from '../core/vhdx/layout.ts';
import { writeAll } from './write-all.ts';

/** The bytes of a virtual disk, wherever they come from. */
export interface DiskSource {
  /** A multiple of 1 MiB. */
  readonly bytes: number;
  /** Fills `block` with what the disk has at `offset`; false where all of it is zeros. Asked in ascending order. */
  readonly read: (offset: number, block: Buffer) => Promise<boolean>;
}

/**
 * Writes a dynamic VHDX with the blocks of a disk that hold anything, in one pass, and syncs it. An existing file is
 * written over in place: on Windows its access list is what lets the virtual machine open it.
 */
export async function writeVhdx(
  path: string,
  source: DiskSource,
  ids: VhdxIds,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    await file.truncate(0);
    const blocks: number[] = [];
    const { offsetOf } = vhdxLayout({ virtualBytes: source.bytes, blocks, ids });
    const block = Buffer.alloc(BLOCK_BYTES);
    for (let index = 0; index < source.bytes / BLOCK_BYTES; index += 1) {
      signal?.throwIfAborted();
      if (!(await source.read(index * BLOCK_BYTES, block))) continue;
      await writeAll(file, block, offsetOf(blocks.length));
      blocks.push(index);
    }
    const { head, fileBytes } = vhdxLayout({ virtualBytes: source.bytes, blocks, ids });
    await writeAll(file, head, 0);
    await file.truncate(fileBytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A disk that is a file's bytes, filled up with zeros to whole blocks. */
export function bytesSource(bytes: Uint8Array): DiskSource {
  return {
    bytes: Math.max(1, Math.ceil(bytes.length / BLOCK_BYTES)) * BLOCK_BYTES,
    read: (offset, block) => {
      block.fill(0);
      block.set(bytes.subarray(offset, offset + block.length));
      return Promise.resolve(!isZero(block));
    },
  };
}

/** A disk of which nothing is written yet. `bytes`: a multiple of 1 MiB. */
export function emptySource(bytes: number): DiskSource {
  return { bytes, read: () => Promise.resolve(false) };
}

const ZEROS = Buffer.alloc(BLOCK_BYTES);

export function isZero(block: Buffer): boolean {
  return block.equals(block.length === ZEROS.length ? ZEROS : ZEROS.subarray(0, block.length));
}
