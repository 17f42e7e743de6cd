import { randomInt } from 'node:crypto';
import { badLayer, shown } from './header.ts';

export type EntryKind = 'directory' | 'whiteout' | 'other';

const SLASH = 0x2f;

/** Paths seen and what is there, by a 52-bit hash each: a million of them take some 50 MB, the strings would hundreds. */
export class LayerNames {
  readonly #kinds = new Map<number, EntryKind>();
  /** Other ones in each: two paths of one hash would be easy to find for who knew where it starts. */
  readonly #seed = { low: randomInt(2 ** 32), high: randomInt(2 ** 32) };

  /** Notes what is at a path from now on. @throws EngineError where it would lie beneath something else than a directory */
  add(path: string, kind: EntryKind): void {
    this.#kinds.set(this.#walk(path), kind);
  }

  /** @throws as {@link add} */
  checkAbove(path: string): void {
    this.#walk(path);
  }

  /** What was there last; a directory that has no entry of its own is not known. */
  kindOf(path: string): EntryKind | undefined {
    return this.#kinds.get(hash(path, this.#seed));
  }

  #walk(path: string): number {
    return hash(path, this.#seed, (above, end) => {
      const kind = this.#kinds.get(above);
      if (kind === undefined || kind === 'directory') return;
      const what = kind === 'whiteout' ? 'removed' : 'not a directory';
      throw badLayer(`${shown(path)} lies beneath ${shown(path.slice(0, end))}, which is ${what}`);
    });
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
