import type { FileHandle } from 'node:fs/promises';

/**
 * Writes all of `data` at `position`. One write(2) may take less than it is given, as where the disk fills up; only the
 * next then says why (ENOSPC).
 */
export async function writeAll(
  file: Pick<FileHandle, 'write'>,
  data: Buffer,
  position: number,
): Promise<void> {
  for (let written = 0; written < data.length;) {
    written += (await file.write(data, written, data.length - written, position + written)).bytesWritten;
  }
}
