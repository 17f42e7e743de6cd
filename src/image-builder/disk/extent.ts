import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { DiskSource } from '../../platform/vhdx-file.ts';
import { isZero } from '../../platform/vhdx-file.ts';

/** A piece of a disk, at a byte offset: bytes, or a file's. What no extent covers is zeros. */
export type Extent =
  | { readonly offset: number; readonly bytes: Uint8Array }
  | { readonly offset: number; readonly file: string; readonly length: number };

/** A disk made of extents. Files are opened at their first read; `close` when done. */
export function extentSource(
  diskBytes: number,
  extents: readonly Extent[],
): DiskSource & { close(): Promise<void> } {
  const opened = new Map<string, Promise<FileHandle>>();
  const fill = async (extent: Extent, offset: number, block: Buffer): Promise<void> => {
    const start = Math.max(extent.offset, offset);
    const end = Math.min(extent.offset + lengthOf(extent), offset + block.length);
    if (start >= end) return;
    if ('bytes' in extent) {
      block.set(extent.bytes.subarray(start - extent.offset, end - extent.offset), start - offset);
      return;
    }
    const handle = opened.get(extent.file) ?? open(extent.file, 'r');
    opened.set(extent.file, handle);
    await readFully(await handle, block.subarray(start - offset, end - offset), start - extent.offset);
  };
  return {
    bytes: diskBytes,
    async read(offset, block) {
      block.fill(0);
      for (const extent of extents) await fill(extent, offset, block);
      return !isZero(block);
    },
    async close() {
      for (const handle of opened.values()) await (await handle).close();
    },
  };
}

async function readFully(file: FileHandle, into: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw new Error('a file became shorter while a disk was made of it');
    done += bytesRead;
  }
}

function lengthOf(extent: Extent): number {
  return 'bytes' in extent ? extent.bytes.length : extent.length;
}
