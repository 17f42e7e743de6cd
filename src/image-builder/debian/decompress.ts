import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { WherryError } from '../../core/errors.ts';

// A UMD bundle whose named exports Node's ESM loader cannot see.
const { XzReadableStream } = createRequire(import.meta.url)(
  'xz-decompress',
) as typeof import('xz-decompress');

/** By file suffix: `''` is no compression. */
export type Compression = '' | '.xz' | '.gz' | '.zst';

/**
 * Decompresses a stream in this process (xz through WebAssembly, the rest through Node's zlib).
 * The xz decoder serves one stream at a time: a second one waits until the first has been read to its
 * end or abandoned, so never hold two half-read ones.
 */
export function decompress(source: Readable, compression: Compression): AsyncIterable<Uint8Array> {
  if (compression === '') return source;
  if (compression === '.xz')
    return new XzReadableStream(Readable.toWeb(source) as ReadableStream<Uint8Array>);
  const inflate = compression === '.gz' ? createGunzip() : createZstdDecompress();
  source.once('error', (error) => inflate.destroy(error));
  inflate.once('close', () => source.destroy());
  return source.pipe(inflate);
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
