import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A download that was interrupted, or is under way. */
export interface Partial {
  readonly file: string;
  /** Bytes that are there from before; not synced, so a crash of the machine may have garbled them. */
  readonly has: number;
  /** Once only: it is nobody's any more, and stays for the next one, unless the file has gone where it belongs. */
  release(): void;
}

/**
 * Blobs that are on their way into the store, by digest: what a killed engine, a broken connection or a client that left
 * has got so far is where the next pull goes on. A prune takes those that nobody is at.
 */
export class Partials {
  readonly #directory: string;
  readonly #taken = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** @param hex the digest's; @returns undefined while somebody else has it */
  take(hex: string, size: number): Partial | undefined {
    if (this.#taken.has(hex)) return undefined;
    const file = join(this.#directory, hex);
    closeSync(openSync(file, 'a', 0o600));
    let has = statSync(file).size;
    if (has > size) {
      rmSync(file);
      has = 0;
    }
    this.#taken.add(hex);
    return { file, has, release: () => this.#taken.delete(hex) };
  }

  /** Removes what nobody is at. */
  clear(): void {
    for (const hex of readdirSync(this.#directory)) {
      if (!this.#taken.has(hex)) rmSync(join(this.#directory, hex), { force: true });
    }
  }
}
