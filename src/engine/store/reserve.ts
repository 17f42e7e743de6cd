import { open, rm, stat } from 'node:fs/promises';
import { hasCode } from '../sys/errno.ts';

/** More than a record of thousands of images takes. */
const BYTES = 1024 * 1024;

/**
 * Room on the disk for the one record that must be written when there is none: that something is removed. Without it a
 * full disk could never be emptied again.
 */
export class Reserve {
  readonly #file: string;
  #kept: boolean | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Takes the room, unless it is taken. On a full disk nothing happens: the next one who calls may have more luck. */
  async keep(): Promise<void> {
    if (this.#kept === true || (await this.#isThere())) return;
    try {
      const handle = await open(this.#file, 'w', 0o600);
      try {
        // Blocks, not a hole.
        await handle.writeFile(Buffer.alloc(BYTES));
        await handle.sync();
      } finally {
        await handle.close();
      }
      this.#kept = true;
    } catch (error) {
      await rm(this.#file, { force: true });
      if (!hasCode(error, 'ENOSPC', 'EDQUOT')) throw error;
    }
  }

  /** Gives the room up. @returns false if there was none */
  async release(): Promise<boolean> {
    const was = this.#kept ?? (await this.#isThere());
    this.#kept = false;
    await rm(this.#file, { force: true });
    return was;
  }

  async #isThere(): Promise<boolean> {
    try {
      this.#kept = (await stat(this.#file)).size === BYTES;
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
      this.#kept = false;
    }
    return this.#kept;
  }
}
