import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A layer as an image lists it, and where its bytes are on the host. */
export interface LayerFile {
  readonly path: string;
  /** Of the uncompressed tar. */
  readonly diffId: string;
  /** Of the compressed bytes. */
  readonly digest: string;
  /** Compressed. */
  readonly size: number;
}

/** Fast, and still a good half smaller than nothing: it crosses a VM's boundary next. */
const LEVEL = 3;
/** RFC 1952 §2.3: the byte that names the system it was made on; 255 is "unknown". */
const OS_BYTE = 9;

/** Compresses a tar into a file, by the way taking both digests. */
export async function writeLayer(
  tar: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal,
): Promise<LayerFile> {
  const plain = createHash('sha256');
  const packed = createHash('sha256');
  let size = 0;
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (size <= OS_BYTE && OS_BYTE < size + chunk.length) chunk[OS_BYTE - size] = 255;
      size += chunk.length;
      packed.update(chunk);
      done(null, chunk);
    },
  });
  async function* tapped(): AsyncGenerator<Uint8Array> {
    for await (const chunk of tar) {
      plain.update(chunk);
      yield chunk;
    }
  }
  await pipeline(
    Readable.from(tapped(), { objectMode: false, highWaterMark: 1 << 20 }),
    createGzip({ level: LEVEL, chunkSize: 1 << 17 }),
    hashed,
    createWriteStream(path, { flags: 'wx', mode: 0o600 }),
    { signal },
  );
  return { path, diffId: `sha256:${plain.digest('hex')}`, digest: `sha256:${packed.digest('hex')}`, size };
}
