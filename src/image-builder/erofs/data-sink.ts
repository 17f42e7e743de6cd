import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { WherryError } from '../../core/errors.ts';
import type { FileSource } from '../tree/nodes.ts';

const CHUNK = 4 * 1024 * 1024;
const ZEROS = Buffer.alloc(CHUNK);

/**
 * Sequential output in large chunks. Chunks of nothing but zeros are left as holes (the file's length is set
 * beforehand), a chunk is written while the next one is filled, and a digest of everything is kept.
 */
export class DataSink {
  readonly #out: FileHandle;
  readonly #signal: AbortSignal | undefined;
  readonly #hash: Hash = createHash('sha256');
  #current: Buffer = Buffer.allocUnsafe(CHUNK);
  #spare: Buffer = Buffer.allocUnsafe(CHUNK);
  #used = 0;
  #position: number;
  #writing: Promise<void> = Promise.resolve();
  #source: { path: string; handle: FileHandle } | undefined;

  constructor(out: FileHandle, position: number, signal: AbortSignal | undefined) {
    this.#out = out;
    this.#position = position;
    this.#signal = signal;
  }

  /** Appends bytes. */
  async push(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      const take = Math.min(bytes.length - at, CHUNK - this.#used);
      this.#current.set(bytes.subarray(at, at + take), this.#used);
      at += take;
      await this.#advance(take);
    }
  }

  /** Appends `length` bytes from `skip` on of a source. @throws IMAGE_SOURCE_SHORT when the file has fewer */
  async pushSource(source: FileSource, skip: number, length: number): Promise<void> {
    const handle = await this.#open(source.path);
    let done = 0;
    while (done < length) {
      const take = Math.min(length - done, CHUNK - this.#used);
      const at = source.offset + skip + done;
      const { bytesRead } = await handle.read(this.#current, this.#used, take, at);
      if (bytesRead === 0) throw shortSource(source);
      done += bytesRead;
      await this.#advance(bytesRead);
    }
  }

  /** Fills `into` from `skip` on of a source, without appending it. */
  async readSource(source: FileSource, skip: number, into: Buffer): Promise<void> {
    const handle = await this.#open(source.path);
    let done = 0;
    while (done < into.length) {
      const at = source.offset + skip + done;
      const { bytesRead } = await handle.read(into, done, into.length - done, at);
      if (bytesRead === 0) throw shortSource(source);
      done += bytesRead;
    }
  }

  /** Appends zeros up to a multiple of `unit` bytes (at most a chunk). */
  async pad(unit: number): Promise<void> {
    const rest = (this.#position + this.#used) % unit;
    if (rest > 0) await this.push(ZEROS.subarray(0, unit - rest));
  }

  /** Writes out what is left. @returns the sha256 over all chunks; a chunk of zeros counts by its length alone */
  async finish(): Promise<Buffer> {
    await this.#flush();
    await this.#writing;
    return this.#hash.digest();
  }

  /** Waits for a write under way and closes the source; the output belongs to the caller. */
  async close(): Promise<void> {
    await Promise.allSettled([this.#writing]);
    await this.#source?.handle.close();
    this.#source = undefined;
  }

  async #advance(count: number): Promise<void> {
    this.#used += count;
    if (this.#used === CHUNK) await this.#flush();
  }

  async #flush(): Promise<void> {
    this.#signal?.throwIfAborted();
    const chunk = this.#current.subarray(0, this.#used);
    const position = this.#position;
    await this.#writing;
    if (chunk.equals(ZEROS.subarray(0, chunk.length))) this.#hash.update(`zeros ${chunk.length}\n`);
    else {
      this.#writing = writeAll(this.#out, chunk, position);
      // A failure is reported by the next await of #writing; until then it must not count as unhandled.
      this.#writing.catch(() => undefined);
      this.#hash.update(chunk);
    }
    this.#position += chunk.length;
    [this.#current, this.#spare] = [this.#spare, this.#current];
    this.#used = 0;
  }

  async #open(path: string): Promise<FileHandle> {
    if (this.#source?.path !== path) {
      await this.#source?.handle.close();
      this.#source = undefined;
      this.#source = { path, handle: await open(path, 'r') };
    }
    return this.#source.handle;
  }
}

export async function writeAll(out: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await out.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function shortSource(source: FileSource): WherryError {
  return new WherryError({
    code: 'IMAGE_SOURCE_SHORT',
    message: `${source.path} ended before byte ${source.offset + source.length}, which the image needs.`,
  });
}
