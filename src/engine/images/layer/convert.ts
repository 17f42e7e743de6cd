import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, createReadStream } from 'node:fs';
import { open, rename, rm, statfs } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../../errors.ts';
import { syncPath } from '../../store/durable.ts';
import type { Partial, Partials } from '../../store/partials.ts';
import { widePipe } from '../../sys/pipe.ts';
import { spawnProcess } from '../../sys/spawn.ts';
import { isTransient } from '../registry/retry.ts';
import { BadLayer } from '../tar/header.ts';
import { LAYER_LIMITS, LayerTarFilter } from '../tar/layer-filter.ts';
import type { LayerLimits } from '../tar/layer-filter.ts';
import { decompressor, peekCompression } from './decompress.ts';
import type { Compression } from './decompress.ts';
import { DiskGuard, StorageError } from './disk-guard.ts';
import { mkfsFailed } from './mkfs-failure.ts';

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
    if (error instanceof StorageError) await rm(partial.file, { force: true });
    // Bytes that were there before aren't trusted: a crash of the machine may have garbled them.
    if (partial.has === 0 || isCutOff(error, options.signal) || error instanceof StorageError) throw error;
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

const isCutOff = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted || isTransient(error) || (error instanceof EngineError && isTransient(error.cause));

async function* continued(
  { file, has }: Partial,
  bytesFrom: (offset: number) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  if (has > 0) yield* createReadStream(file, { end: has - 1, highWaterMark: 256 * 1024 });
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
  const guard = new DiskGuard(options.directory, name);
  const has = partial?.has ?? 0;
  const path = partial?.file ?? files.blob;
  if (source.expected !== undefined) await guard.check(source.expected.size - has);
  else await guard.check();
  const blob = await open(path, partial === undefined ? 'wx' : 'a', 0o600);
  try {
    const stored = storeAndHash(source, { blob, has }, guard);
    const { compression, stream } = await peekCompression(stored.stream);
    const unpacked = unpackAndHash(new LayerTarFilter(options.limits ?? LAYER_LIMITS), guard);
    await runMkfs(files.erofs, { name, diffId: source.diffId }, options, (stdin, signal) =>
      pipeline(stream, decompressor(compression), unpacked.stream, stdin, { signal }),
    ).catch((error: unknown) => {
      throw layerError(error, name);
    });
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
    const empty = (await blob.stat()).size === 0;
    if (partial === undefined || full || empty || !isCutOff(error, options.signal))
      await rm(path, { force: true });
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
  const hash = createHash('sha256');
  let size = 0;
  let digest = '';
  async function* stream(): AsyncGenerator<Buffer> {
    for await (const chunk of source.bytes) {
      hash.update(chunk);
      const isThere = size < has;
      size += chunk.length;
      if (source.expected !== undefined && size > source.expected.size) break;
      if (isThere) {
        yield chunk;
        continue;
      }
      // Not write(): on a disk that is nearly full it writes a part, and doesn't call that a failure.
      await blob.appendFile(chunk);
      await guard.wrote(chunk.length);
      yield chunk;
    }
    digest = `sha256:${hash.digest('hex')}`;
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

function unpackAndHash(filter: LayerTarFilter, guard: DiskGuard) {
  const hash = createHash('sha256');
  async function* stream(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      hash.update(chunk);
      yield* filter.push(chunk);
      await guard.wrote(chunk.length);
    }
    yield* filter.end();
  }
  return {
    stream,
    digest: () => `sha256:${hash.digest('hex')}`,
    fileBytes: () => filter.fileBytes,
  };
}

/**
 * Runs mkfs.erofs (erofs-utils ≥ 1.8) on a tar that comes by its stdin. The filesystem's UUID comes from the diffID and
 * its build time is 0: the same layer gives the same bytes everywhere.
 */
async function runMkfs(
  output: string,
  { name, diffId }: { readonly name: string; readonly diffId: string },
  options: ConvertOptions,
  feed: (stdin: NodeJS.WritableStream, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const args = [
    '--tar=f',
    '--aufs',
    '--quiet',
    '--sort=none',
    '-T0',
    '--mkfs-time',
    `-U${uuidOf(diffId)}`,
    output,
  ];
  const { readFd, writer } = widePipe();
  let child: ReturnType<typeof spawnProcess>;
  try {
    child = spawnProcess(options.mkfs, args, { stdio: [readFd, 'ignore', 'pipe'] });
  } finally {
    closeSync(readFd);
  }
  let complaint = '';
  child.stderr?.on('data', (data: Buffer) => {
    if (complaint.length < 4096) complaint += data.toString('utf8');
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  // Marks the promise as handled; its rejection (the program can't be started) is seen where it is awaited.
  ended.catch(() => undefined);
  try {
    await feed(writer, options.signal);
  } catch (error) {
    // It never notices an input that ends early: it has to be ended, and waited for before its file can be removed.
    child.kill('SIGKILL');
    writer.destroy();
    const [, killed] = await ended;
    if (!isBrokenPipe(error)) throw error;
    throw mkfsFailed(name, complaint, killed === 'SIGKILL' ? null : killed, error);
  }
  const [status, killed] = await ended;
  if (status !== 0 || complaint.includes('<E>')) throw mkfsFailed(name, complaint, killed);
}

const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE');

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
  if (error.code === 'ENOSPC') return new StorageError(error);
  if (/^(?:Z_|ZSTD_|ERR_TRAILING_JUNK)/.test(error.code)) {
    return new EngineError('system', `${failed}: cannot decompress: ${error.message}`, error);
  }
  return error;
}

/** An RFC 9562 version 8 UUID from a digest's first 16 bytes. */
function uuidOf(digest: string): string {
  const bytes = Buffer.from(digest.slice('sha256:'.length, 'sha256:'.length + 32), 'hex');
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
