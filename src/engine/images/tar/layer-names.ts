import { randomInt } from 'node:crypto';
import { badLayer, shown } from './header.ts';

export type EntryKind = 'directory' | 'whiteout' | 'other';

const SLASH = 0x2f;

/** Paths seen and what is there, by a 52-bit hash each: a million of them take some 50 MB, the strings would hundreds. */
export class LayerNames {
  readonly #kinds = new Map<number, EntryKind>();
  /** Other ones in each: two paths of one hash would be easy to find for who knew where it starts. */
  readonly #seed = { low: randomInt(2 ** 32), high: randomInt(2 ** 32) };

  /** How many entries each directory has. */
  readonly #sizes = new Map<number, number>();
  readonly #inDirectory: number;

  /** @param inDirectory how many entries a directory may have */
  constructor(inDirectory: number) {
    this.#inDirectory = inDirectory;
  }

  /**
   * Notes what is at a path from now on.
   *
   * @throws EngineError where it would lie beneath something else than a directory, or is one too many in it
   */
  add(path: string, kind: EntryKind): void {
    const { itself, parent } = this.#walk(path);
    this.#kinds.set(itself, kind);
    const size = (this.#sizes.get(parent) ?? 0) + 1;
    if (size > this.#inDirectory) {
      const directory = shown(path.slice(0, Math.max(0, path.lastIndexOf('/'))) || '/');
      throw badLayer(`${directory} has more than ${this.#inDirectory} entries`);
    }
    this.#sizes.set(parent, size);
  }

  /** @throws EngineError where it would lie beneath something else than a directory */
  checkAbove(path: string): void {
    this.#walk(path);
  }

  /** What was there last; a directory that has no entry of its own is not known. */
  kindOf(path: string): EntryKind | undefined {
    return this.#kinds.get(hash(path, this.#seed));
  }

  #walk(path: string): { readonly itself: number; readonly parent: number } {
    let parent = hash('', this.#seed);
    const itself = hash(path, this.#seed, (above, end) => {
      parent = above;
      const kind = this.#kinds.get(above);
      if (kind === undefined || kind === 'directory') return;
      const what = kind === 'whiteout' ? 'removed' : 'not a directory';
      throw badLayer(`${shown(path)} lies beneath ${shown(path.slice(0, end))}, which is ${what}`);
    });
    return { itself, parent };
  }
}

/** Two FNV-1a runs from different starts, joined to 52 bits; on the way, the hash of each directory above. */
function hash(
  path: string,
  seed: { readonly low: number; readonly high: number },
  onDirectory?: (hash: number, end: number) => void,
): number {
  let { low, high } = seed;
  const joined = () => (high >>> 12) * 2 ** 32 + (low >>> 0);
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code === SLASH) onDirectory?.(joined(), at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  return joined();
}
