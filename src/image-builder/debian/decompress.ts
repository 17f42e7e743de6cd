import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { WherryError } from '../../core/errors.ts';
import { unxz } from './xz.ts';

/** By file suffix: `''` is no compression. */
export type Compression = '' | '.xz' | '.gz' | '.zst';

/** Where the compressed bytes lie in a file; the whole file without `size`. */
export interface FileSection {
  path: string;
  offset?: number;
  size?: number;
}

const READ_BYTES = 1 << 18;

/**
 * Decompresses bytes, a file or a part of one without helper programs: xz through WebAssembly, the rest
 * through Node's zlib.
 */
export async function* decompress(
  input: FileSection | Buffer,
  compression: Compression,
): AsyncGenerator<Uint8Array, void, undefined> {
  const range = Buffer.isBuffer(input) ? undefined : await rangeOf(input);
  if (compression === '.xz') {
    yield* unxz(range ?? { bytes: input as Buffer });
    return;
  }
  const source =
    range === undefined
      ? Readable.from([input])
      : createReadStream(range.path, { ...range, highWaterMark: READ_BYTES });
  try {
    if (compression === '') {
      yield* source as AsyncIterable<Buffer>;
      return;
    }
    const inflate =
      compression === '.gz'
        ? createGunzip({ chunkSize: READ_BYTES })
        : createZstdDecompress({ chunkSize: READ_BYTES });
    source.once('error', (error) => inflate.destroy(error));
    yield* source.pipe(inflate) as AsyncIterable<Buffer>;
  } finally {
    source.destroy();
  }
}

async function rangeOf(section: FileSection): Promise<{ path: string; start: number; end: number }> {
  const start = section.offset ?? 0;
  const size = section.size ?? (await stat(section.path)).size - start;
  if (size <= 0) {
    throw new WherryError({
      code: 'ARCHIVE_INVALID',
      message: `There is nothing to unpack in ${section.path}`,
    });
  }
  return { path: section.path, start, end: start + size - 1 };
}

/** Splits `data.tar.xz` into `data.tar` and `.xz`; undefined if it is compressed in a way we don't know. */
export function compressionOf(name: string, stem: string): Compression | undefined {
  const suffix = name.slice(stem.length);
  return suffix === '' || suffix === '.xz' || suffix === '.gz' || suffix === '.zst' ? suffix : undefined;
}

/** Collects a decompressed stream of at most `limit` bytes. */
export async function collectBytes(
  source: AsyncIterable<Uint8Array>,
  limit: number,
  name: string,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limit) {
      throw new WherryError({
        code: 'ARCHIVE_INVALID',
        message: `${name} unpacks to more than the ${limit} bytes it may have`,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
