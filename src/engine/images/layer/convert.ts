import { randomUUID } from 'node:crypto';
import { open, rename, rm, statfs } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../../errors.ts';
import { syncPath } from '../../store/durable.ts';
import type { Partial, Partials } from '../../store/partials.ts';
import type { PipeWriter } from '../../sys/pipe.ts';
import { Sha256 } from '../../sys/sha256.ts';
import { BadLayer } from '../tar/header.ts';
import { LAYER_LIMITS, LayerTarFilter } from '../tar/layer-filter.ts';
import type { LayerLimits } from '../tar/layer-filter.ts';
import { decompressor, giveBack, peekCompression } from './decompress.ts';
import type { Compression } from './decompress.ts';
import { DiskGuard, StorageError } from './disk-guard.ts';
import { fateOfPart } from './failed-download.ts';
import { fileBytes } from './file-bytes.ts';
import { runMkfs } from './run-mkfs.ts';

export interface LayerSource {
  /** The bytes as the registry keeps them. */
  readonly bytes: AsyncIterable<Buffer>;
  /** The same without the first so many, where an earlier attempt has left those. */
  readonly bytesFrom?: ((offset: number) => AsyncIterable<Buffer>) | undefined;
  /** What they must be. Undefined where only the diffID is known (`docker save` archives). */
  readonly expected?: { readonly digest: string; readonly size: number } | undefined;
  readonly diffId: string;
  /** Called when the last byte is there and right, while the conversion may still go on. */
  readonly onDownloaded?: (() => void) | undefined;
}

export interface ConvertedLayer {
  readonly blobFile: string;
  readonly erofsFile: string;
  readonly digest: string;
  readonly blobSize: number;
  readonly compression: Compression;
  /** Bytes of the regular files in it. */
  readonly size: number;
}

export interface ConvertOptions {
  /** An own directory for what is under way, on the store's filesystem. */
  readonly directory: string;
  readonly mkfs: string;
  /** Where interrupted downloads are kept; without it none is. */
  readonly partials?: Partials | undefined;
  readonly limits?: LayerLimits | undefined;
  readonly signal: AbortSignal;
}

/** A disk with less than this left, in bytes, is what made a conversion fail. */
const FULL = 256 * 1024;

/**
 * One pass: bytes → sha256 and blob file → decompress → sha256 (diffID) → {@link LayerTarFilter} → mkfs.erofs. Both
 * files are complete, verified and synced when this returns; on any error neither is left. A download that was cut off
 * is kept, though, and goes on next time: what it has by then is read from the disk, the rest from the source.
 *
 * @throws EngineError system: a digest, a size or the archive is wrong
 */
export async function convertLayer(source: LayerSource, options: ConvertOptions): Promise<ConvertedLayer> {
  const { bytesFrom, expected } = source;
  const partial = bytesFrom === undefined ? undefined : takePartial(expected, options.partials);
  if (bytesFrom === undefined || partial === undefined) return await convert(source, options);
  try {
    return await convert({ ...source, bytes: continued(partial, bytesFrom) }, options, partial);
  } catch (error) {
    const fate = fateOfPart(error, options.signal);
    if (fate !== 'kept') await rm(partial.file, { force: true });
    if (partial.has === 0 || fate !== 'anew') throw error;
  } finally {
    partial.release();
  }
  return await convertLayer(source, options);
}

function takePartial(expected: LayerSource['expected'], partials: Partials | undefined): Partial | undefined {
  if (expected === undefined) return undefined;
  try {
    return partials?.take(expected.digest.slice('sha256:'.length), expected.size);
  } catch (error) {
    throw layerError(error, expected.digest);
  }
}

async function* continued(
  { file, has }: Partial,
  bytesFrom: (offset: number) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  yield* fileBytes(file, has);
  yield* bytesFrom(has);
}

async function convert(
  source: LayerSource,
  options: ConvertOptions,
  partial?: Partial,
): Promise<ConvertedLayer> {
  const base = join(options.directory, randomUUID());
  const files = { blob: `${base}.blob`, erofs: `${base}.erofs` };
  const name = source.expected?.digest ?? source.diffId;
  const guard = new DiskGuard(options.directory, name, options.partials);
  const has = partial?.has ?? 0;
  const path = partial?.file ?? files.blob;
  if (source.expected !== undefined) await guard.check(source.expected.size - has);
  else await guard.check();
  const blob = await open(path, partial === undefined ? 'wx' : 'a', 0o600).catch((error: unknown) => {
    throw layerError(error, name);
  });
  try {
    const stored = storeAndHash(source, { blob, has }, guard);
    const { compression, stream, drop } = await peekCompression(stored.stream);
    const filter = new LayerTarFilter(options.limits ?? LAYER_LIMITS);
    const unpacked = unpackAndHash(compression, filter, guard);
    let fed = false;
    const feed = async (stdin: PipeWriter): Promise<void> => {
      fed = true;
      const unpack = async (source: AsyncIterable<Buffer>) => await unpacked.into(stdin, source);
      await pipeline(stream, decompressor(compression), unpack, { signal: options.signal });
    };
    try {
      await runMkfs(options.mkfs, { output: files.erofs, name, diffId: source.diffId }, feed);
    } catch (error) {
      if (!fed) await drop();
      throw layerError(error, name);
    }
    const diffId = unpacked.digest();
    if (diffId !== source.diffId) {
      throw new EngineError(
        'system',
        `layer verification failed: diffID is ${diffId}, the image says ${source.diffId} (layer ${name})`,
      );
    }
    await blob.sync();
    await syncPath(files.erofs);
    if (path !== files.blob) await rename(path, files.blob);
    const { digest, size } = stored.result();
    return {
      blobFile: files.blob,
      erofsFile: files.erofs,
      digest,
      blobSize: size,
      compression,
      size: unpacked.fileBytes(),
    };
  } catch (error) {
    // mkfs.erofs may say anything when the disk is full: the filesystem tells, while the files are still on it.
    const { bavail, bsize } = await statfs(options.directory);
    const full = error instanceof StorageError || bavail * bsize < FULL;
    if (partial === undefined) await rm(path, { force: true });
    await rm(files.erofs, { force: true });
    throw full && !(error instanceof StorageError) ? new StorageError(error) : error;
  } finally {
    await blob.close();
  }
}

function storeAndHash(
  source: LayerSource,
  { blob, has }: { readonly blob: FileHandle; readonly has: number },
  guard: DiskGuard,
) {
  const hash = new Sha256();
  let size = 0;
  let digest = '';
  async function* stream(): AsyncGenerator<Buffer> {
    for await (const chunk of source.bytes) {
      const isThere = size < has;
      size += chunk.length;
      if (source.expected !== undefined && size > source.expected.size) break;
      // Not write(): on a disk that is nearly full it writes a part, and doesn't call that a failure.
      const kept = isThere ? undefined : blob.appendFile(chunk);
      await Promise.all([hash.update(chunk), kept]);
      if (!isThere) await guard.wrote(chunk.length);
      yield chunk;
    }
    digest = hash.digest();
    verify(source.expected, digest, size);
    source.onDownloaded?.();
  }
  return { stream: stream(), result: () => ({ digest, size }) };
}

/** @throws EngineError naming both digests, in the words of the distribution project's client */
function verify(expected: LayerSource['expected'], digest: string, size: number): void {
  if (expected === undefined) return;
  if (size !== expected.size) {
    throw new EngineError(
      'system',
      `filesystem layer verification failed for digest ${expected.digest}: size is ${size > expected.size ? `more than ${expected.size}` : size}, expected ${expected.size}`,
    );
  }
  if (digest !== expected.digest) {
    throw new EngineError(
      'system',
      `filesystem layer verification failed for digest ${expected.digest}: it is ${digest}`,
    );
  }
}

function unpackAndHash(compression: Compression, filter: LayerTarFilter, guard: DiskGuard) {
  const hash = new Sha256();
  const into = async (pipe: PipeWriter, source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      const hashed = hash.update(chunk);
      try {
        for (const piece of filter.push(chunk)) await pipe.write(piece);
      } finally {
        await hashed;
      }
      await guard.wrote(chunk.length);
      if (compression !== 'none') giveBack(chunk);
    }
    for (const piece of filter.end()) await pipe.write(piece);
  };
  return {
    into,
    digest: () => hash.digest(),
    fileBytes: () => filter.fileBytes,
  };
}

/**
 * Errors of the archive, of zlib and of the filesystem say what they are about; others pass.
 *
 * @param name the layer's digest, where it has one already
 */
export function layerError(error: unknown, name?: string): unknown {
  const failed = name === undefined ? 'failed to register layer' : `failed to register layer ${name}`;
  if (error instanceof BadLayer) {
    return name === undefined ? error : new EngineError('system', `${failed}: ${error.message}`, error);
  }
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return new StorageError(error);
  if (/^(?:Z_|ZSTD_|ERR_TRAILING_JUNK)/.test(error.code)) {
    return new EngineError('system', `${failed}: cannot decompress: ${error.message}`, error);
  }
  return error;
}
