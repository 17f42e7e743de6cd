import { statfs } from 'node:fs/promises';
import { EngineError } from '../../errors.ts';
import type { Partials } from '../../store/partials.ts';

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
  readonly #partials: Partials | undefined;
  #written = 0;

  /**
   * @param name the layer, for the message
   * @param partials what may go before a layer that is wanted now
   */
  constructor(directory: string, name: string, partials?: Partials) {
    this.#directory = directory;
    this.#name = name;
    this.#partials = partials;
  }

  /** @param bytes what is known to be needed @throws StorageError */
  async check(bytes = 0): Promise<void> {
    let { free, kept } = await this.#room();
    const lacking = bytes + kept - free;
    if (lacking <= 0) return;
    // Not for a claim that they couldn't meet.
    if (this.#partials !== undefined && this.#partials.unused() >= lacking) {
      this.#partials.clear();
      ({ free, kept } = await this.#room());
      if (bytes + kept <= free) return;
    }
    const needs = bytes === 0 ? 'more than the disk has' : `${bytes} bytes`;
    const left = `${free} bytes are free, ${kept} of them are kept for containers`;
    throw new StorageError(undefined, `: layer ${this.#name} needs ${needs} (${left})`);
  }

  async #room(): Promise<{ free: number; kept: number }> {
    const { bavail, blocks, bsize } = await statfs(this.#directory);
    return { free: bavail * bsize, kept: Math.min(KEPT_FREE, Math.floor((blocks * bsize) / 100)) };
  }

  /** Notes what was written, and looks at the disk now and then. @throws StorageError */
  async wrote(bytes: number): Promise<void> {
    this.#written += bytes;
    if (this.#written < STEP) return;
    this.#written = 0;
    await this.check();
  }
}
