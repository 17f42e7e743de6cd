import { statfs } from 'node:fs/promises';
import { EngineError } from '../../errors.ts';

/** This machine's own trouble, not the layer's: no other source of the layer would help. */
export class StorageError extends EngineError {
  constructor(cause: unknown, detail = '') {
    super('system', `failed to register layer: no space left on device${detail}`, cause);
    this.name = 'StorageError';
  }
}

/** What a layer leaves free of the disk that containers write to as well: 64 MiB, or a hundredth of a small disk. */
const KEPT_FREE = 64 * 1024 ** 2;
/** How much is written between two looks at the disk. */
const STEP = 8 * 1024 ** 2;

/** Ends what would fill the disk before it does: a layer of a few megabytes can unpack to terabytes. */
export class DiskGuard {
  readonly #directory: string;
  readonly #name: string;
  #written = 0;

  /** @param name the layer, for the message */
  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
  }

  /** @param bytes what is known to be needed @throws StorageError */
  async check(bytes = 0): Promise<void> {
    const { bavail, blocks, bsize } = await statfs(this.#directory);
    const [free, kept] = [bavail * bsize, Math.min(KEPT_FREE, Math.floor((blocks * bsize) / 100))];
    if (bytes <= Math.max(0, free - kept) && free >= kept) return;
    const needs = bytes === 0 ? 'more than the disk has' : `${bytes} bytes`;
    const left = `${free} bytes are free, ${kept} of them are kept for containers`;
    throw new StorageError(undefined, `: layer ${this.#name} needs ${needs} (${left})`);
  }

  /** Notes what was written, and looks at the disk now and then. @throws StorageError */
  async wrote(bytes: number): Promise<void> {
    this.#written += bytes;
    if (this.#written < STEP) return;
    this.#written = 0;
    await this.check();
  }
}
