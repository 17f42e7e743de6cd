import { PassThrough } from 'node:stream';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

/** Few large steps instead of many small ones: each costs a trip to the thread pool. */
const CHUNK = 512 * 1024;

/** The parameter's number (zstd.h). Of zlib the engine has functions only: it is loaded when one is called. */
const ZSTD_D_WINDOW_LOG_MAX = 100;
/**
 * Two to this power are the bytes a zstd frame may look back, and has to keep in memory. 8 MiB is what every reader has
 * to manage (RFC 8878 §3.1.1.1.2); the highest levels of Go's and of zstd's own packers go to 32.
 */
const ZSTD_WINDOW_LOG = 25;

export type Compression = 'none' | 'gzip' | 'zstd';

/** By the first four bytes, as Docker does: registries serve all three under any layer media type. RFC 1952, RFC 8878. */
export function detectCompression(start: Buffer): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  if (start.length >= 4 && start.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  return 'none';
}

/** What Node can't decompress and tar archives are often packed with, by name; undefined for everything else. */
function unsupportedCompression(start: Buffer): string | undefined {
  if (start.subarray(0, 4).equals(Buffer.from([0xfd, 0x37, 0x7a, 0x58]))) return 'xz';
  return start.toString('latin1', 0, 3) === 'BZh' ? 'bzip2' : undefined;
}

/**
 * Several gzip members or zstd frames in a row are one stream; anything else after the last is an error (for gzip,
 * zeros are none: zlib takes them for padding).
 */
export function decompressor(compression: Compression): Transform {
  if (compression === 'gzip') return createGunzip({ chunkSize: CHUNK });
  if (compression === 'zstd') {
    const params = { [ZSTD_D_WINDOW_LOG_MAX]: ZSTD_WINDOW_LOG };
    return createZstdDecompress({ chunkSize: CHUNK, rejectGarbageAfterEnd: true, params });
  }
  return new PassThrough();
}

/**
 * Frees what a {@link decompressor} gave out, once nobody needs it or what it gave out before any more. V8 would collect
 * its whole heap for every 64 MB of it, which under emulation is a fifth of what a pull takes. zlib fills one piece of
 * memory after the other, and has left it when what it gave out goes to its end.
 */
export function giveBack({ buffer, byteOffset, byteLength }: Buffer): void {
  if (buffer.byteLength === CHUNK && byteOffset + byteLength === CHUNK && buffer instanceof ArrayBuffer)
    buffer.transfer(0);
}

export interface PeekedStream {
  readonly compression: Compression;
  readonly unsupported: string | undefined;
  readonly stream: AsyncGenerator<Buffer>;
  /** For who doesn't read it after all: a generator that was never begun doesn't end its source. */
  readonly drop: () => Promise<void>;
}

/** Reads on until four bytes or the end are there, and gives them back together with the rest. */
export async function peekCompression(source: AsyncIterable<Buffer>): Promise<PeekedStream> {
  const iterator = source[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  let done = false;
  while (start.length < 4 && !done) {
    const step = await iterator.next();
    if (step.done === true) done = true;
    else start = start.length === 0 ? step.value : Buffer.concat([start, step.value]);
  }
  async function* stream(): AsyncGenerator<Buffer> {
    try {
      if (start.length > 0) yield start;
      while (!done) {
        const step = await iterator.next();
        if (step.done === true) done = true;
        else yield step.value;
      }
    } finally {
      if (!done) await iterator.return?.();
    }
  }
  return {
    compression: detectCompression(start),
    unsupported: unsupportedCompression(start),
    stream: stream(),
    drop: async () => void (await iterator.return?.()),
  };
}
