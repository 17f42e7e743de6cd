import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { EngineError } from '../../errors.ts';
import type { ImageStore } from '../image-store.ts';
import { LAYER_LIMITS } from '../tar/layer-filter.ts';
import { layerError } from './convert.ts';
import { decompressor, peekCompression } from './decompress.ts';
import { fileBytes } from './file-bytes.ts';
import type { LayerPool } from './layer-pool.ts';

/** Fast, and what every registry and client takes; the ratio is a tenth worse than the best. */
const LEVEL = 3;

/** A layer that nobody has named yet, as a file in the store's ingest directory. */
export interface SpooledLayer {
  readonly diffId: string;
  /** Bytes of the tar. */
  readonly size: number;
  readonly file: string;
}

/**
 * Writes a layer down, and finds its diffID on the way: EROFS files are made by it. A tar is kept with gzip around it;
 * what is packed with gzip or zstd is kept as it is.
 *
 * @throws EngineError invalidParameter for what can't be unpacked; StorageError
 */
export async function spoolLayer(
  source: AsyncIterable<Buffer>,
  directory: string,
  signal: AbortSignal,
): Promise<SpooledLayer> {
  const file = join(directory, `new-${randomUUID()}.layer`);
  const hash = createHash('sha256');
  let size = 0;
  const count = (chunk: Buffer): void => {
    hash.update(chunk);
    size += chunk.length;
    if (size > LAYER_LIMITS.bytes) {
      throw new EngineError('invalidParameter', `the layer is larger than ${LAYER_LIMITS.bytes} bytes`);
    }
  };
  try {
    const { compression, unsupported, stream, drop } = await peekCompression(source);
    if (unsupported !== undefined) {
      await drop();
      throw new EngineError(
        'invalidParameter',
        `the archive is compressed with ${unsupported}, which can't be unpacked here. Unpack it first: ${unsupported} -dc FILE | wherry import -`,
      );
    }
    const out = createWriteStream(file, { flags: 'wx', mode: 0o600 });
    if (compression === 'none') {
      await pipeline(stream, tap(count), createGzip({ level: LEVEL }), out, { signal });
    } else {
      await keepAndUnpack(stream, out, decompressor(compression), count, signal);
    }
    return { diffId: `sha256:${hash.digest('hex')}`, size, file };
  } catch (error) {
    await rm(file, { force: true });
    throw layerError(error);
  }
}

const tap = (see: (chunk: Buffer) => void) =>
  async function* seen(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      see(chunk);
      yield chunk;
    }
  };

async function keepAndUnpack(
  stream: AsyncIterable<Buffer>,
  out: Writable,
  unpack: Transform,
  see: (chunk: Buffer) => void,
  signal: AbortSignal,
): Promise<void> {
  const unpacking = pipeline(
    unpack,
    async (unpacked: AsyncIterable<Buffer>) => {
      for await (const chunk of unpacked) see(chunk);
    },
    { signal },
  );
  unpacking.catch(() => undefined); // seen where it is awaited, in whichever order the two fail
  const split = async function* split(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      if (!unpack.write(chunk)) await Promise.race([once(unpack, 'drain'), unpacking]);
      yield chunk;
    }
    unpack.end();
  };
  try {
    await pipeline(stream, split, out, { signal });
    await unpacking;
  } finally {
    unpack.destroy();
  }
}

/** Takes a spooled layer into the store, by the way that pulled ones go. The caller has it pinned. */
export async function keepLayer(
  context: { readonly store: ImageStore; readonly pool: LayerPool },
  { diffId, file }: SpooledLayer,
  signal: AbortSignal,
): Promise<void> {
  const open = () => ({ bytes: fileBytes(file), diffId });
  await context.pool.ensure(diffId, open, () => undefined, signal);
}
