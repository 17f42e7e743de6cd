import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Writes a stream to a file that is there as a whole or not at all: what was there before stays until the last byte has
 * come. Owner-only.
 */
export async function writeOutputFile(output: string, source: Readable, signal: AbortSignal): Promise<void> {
  const { dir, base } = path.parse(path.resolve(output));
  const temporary = path.join(dir, `.${base}.${randomUUID().slice(0, 8)}.part`);
  try {
    await pipeline(source, createWriteStream(temporary, { mode: 0o600, flags: 'wx', flush: true }), {
      signal,
    });
    await rename(temporary, output);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
