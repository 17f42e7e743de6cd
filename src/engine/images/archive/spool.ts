import { open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { EngineError } from '../../errors.ts';
import { decompressor, peekCompression } from '../layer/decompress.ts';
import { BLOCK, padded, readHeader } from '../tar/header.ts';
import type { TarHeader } from '../tar/header.ts';
import { layerPath } from '../tar/layer-path.ts';
import { readPax } from '../tar/pax.ts';
import type { ArchiveSource } from './archive-source.ts';
import { filesSource } from './archive-source.ts';

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 64 * 1024 ** 3;
const MAX_EXTENDED = 1024 * 1024;

/**
 * Unpacks an image archive (tar, +gzip, +zstd) into numbered files: `manifest.json` may come last, and layers are
 * wanted in another order than theirs. Names in the archive never become paths.
 *
 * @throws EngineError invalidParameter for what isn't a tar archive
 */
export async function spoolArchive(body: AsyncIterable<Buffer>, directory: string): Promise<ArchiveSource> {
  const { compression, stream } = await peekCompression(body);
  const unpacked = Readable.from(stream, { objectMode: false }).compose(decompressor(compression));
  const reader = new ByteReader(unpacked as AsyncIterable<Buffer>);
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  let longName: string | undefined;
  let longSize: number | undefined;
  for (let entries = 0; ; entries++) {
    if (entries > MAX_ENTRIES) throw invalidArchive('it has too many entries');
    const block = await reader.take(BLOCK);
    if (block.every((byte) => byte === 0)) break;
    if (block.length < BLOCK) throw invalidArchive('unexpected EOF');
    const header = archiveHeader(block);
    if ('xL'.includes(header.type)) {
      if (header.size > MAX_EXTENDED) throw invalidArchive('an extended header is too large');
      const data = (await reader.take(padded(header.size))).subarray(0, header.size);
      const pax = header.type === 'x' ? readPax(data) : undefined;
      longName = pax === undefined ? data.toString('latin1', 0, data.indexOf(0)) : (pax.path ?? longName);
      longSize = pax?.size;
      continue;
    }
    const name = layerPath(longName ?? header.name).join('/');
    const size = '123456'.includes(header.type) ? 0 : (longSize ?? header.size);
    [longName, longSize] = [undefined, undefined];
    if (header.type === '2') links.set(name, posix.join(posix.dirname(name), header.linkName));
    if (header.type === '1') links.set(name, layerPath(header.linkName).join('/'));
    if (header.type === '0') {
      const file = join(directory, String(files.size));
      files.set(name, file);
      await copyTo(file, reader, size);
      await reader.skip(padded(size) - size);
    } else {
      await reader.skip(padded(size));
    }
  }
  await reader.drain();
  return filesSource((name) => files.get(name) ?? files.get(links.get(name) ?? ''));
}

function archiveHeader(block: Buffer): TarHeader {
  try {
    return readHeader(block);
  } catch (error) {
    throw new EngineError('invalidParameter', 'invalid archive: it is not a tar archive', error);
  }
}

async function copyTo(file: string, reader: ByteReader, size: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    for (let left = size; left > 0;) {
      const part = await reader.some(left);
      if (part.length === 0) throw invalidArchive('unexpected EOF');
      await handle.appendFile(part); // All of it, or a failure; write() may write a part.
      left -= part.length;
    }
  } finally {
    await handle.close();
  }
}

const invalidArchive = (message: string) =>
  new EngineError('invalidParameter', `invalid archive: ${message}`);

/** Reads a stream of chunks in pieces of chosen sizes. */
class ByteReader {
  readonly #iterator: AsyncIterator<Buffer>;
  #current: Buffer = Buffer.alloc(0);
  #total = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** At least one byte and at most `limit`; none at the end. */
  async some(limit: number): Promise<Buffer> {
    while (this.#current.length === 0) {
      const step = await this.#iterator.next();
      if (step.done === true) return this.#current;
      this.#current = step.value;
      this.#total += step.value.length;
      if (this.#total > MAX_BYTES) throw invalidArchive('it is too large');
    }
    const part = this.#current.subarray(0, limit);
    this.#current = this.#current.subarray(part.length);
    return part;
  }

  /** Exactly `size` bytes, or fewer at the end. */
  async take(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = size; left > 0;) {
      const part = await this.some(left);
      if (part.length === 0) break;
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  async skip(size: number): Promise<void> {
    for (let left = size; left > 0;) {
      const part = await this.some(left);
      if (part.length === 0) return;
      left -= part.length;
    }
  }

  /** Reads what follows the archive's end, so that the client's upload ends well. */
  async drain(): Promise<void> {
    await this.skip(Number.POSITIVE_INFINITY);
  }
}
