import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A download that was interrupted, or is under way. */
export interface Partial {
  readonly file: string;
  /** Bytes that are there from before; not synced, so a crash of the machine may have garbled them. */
  readonly has: number;
  /** Once only: it is nobody's any more, and stays for the next one, unless it is empty or has gone where it belongs. */
  release(): void;
}

/** A week. */
const OLD_MS = 7 * 86_400_000;
/** What they may take together when the engine starts. */
const MAX_BYTES = 4 * 1024 ** 3;

/**
 * Blobs that are on their way into the store, by digest: what a killed engine, a broken connection or a client that left
 * has got so far is where the next pull goes on. A prune takes those that nobody is at,
 * and so does a disk that has no room left; a start those that are old.
 */
export class Partials {
  readonly #directory: string;
  readonly #taken = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#forgetOld();
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
    const release = () => {
      if (this.#taken.delete(hex) && statSync(file, { throwIfNoEntry: false })?.size === 0) rmSync(file);
    };
    return { file, has, release };
  }

  /** Bytes in those that nobody is at. */
  unused(): number {
    return this.#unused().reduce((sum, { size }) => sum + size, 0);
  }

  /** Removes what nobody is at. @returns the bytes that this frees */
  clear(): number {
    const bytes = this.unused();
    for (const { file } of this.#unused()) rmSync(file, { force: true });
    return bytes;
  }

  /** Who broke off so long ago won't come back. The newest stays, however large it is. */
  #forgetOld(): void {
    const newestFirst = this.#unused().toSorted((one, other) => other.time - one.time);
    let total = 0;
    for (const [at, { file, size, time }] of newestFirst.entries()) {
      total += size;
      if (Date.now() - time > OLD_MS || (at > 0 && total > MAX_BYTES)) rmSync(file);
    }
  }

  #unused() {
    return readdirSync(this.#directory)
      .filter((hex) => !this.#taken.has(hex))
      .map((hex) => {
        const file = join(this.#directory, hex);
        const { size, mtimeMs } = statSync(file);
        return { file, size, time: mtimeMs };
      });
  }
}
