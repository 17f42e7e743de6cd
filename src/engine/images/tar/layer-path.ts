import { badLayer } from './header.ts';

const MAX_PATH = 4096;
const MAX_NAME = 255;

/**
 * The parts of an entry's name below the layer's root; `[]` is the root itself. An absolute name counts from there,
 * as it does for Docker. @throws EngineError for `..`, an empty name, or one that no filesystem takes
 */
export function layerPath(name: string): string[] {
  if (name === '') throw badLayer('an entry has no name');
  if (name.length > MAX_PATH) throw badLayer('a path is too long');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  for (const part of parts) {
    if (part === '..') throw badLayer(`the path ${JSON.stringify(name)} leaves the layer`);
    if (part.length > MAX_NAME) throw badLayer('a file name is too long');
  }
  return parts;
}

export type Whiteout =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'opaque' | 'ignore' };

/**
 * What the name says by OCI image-spec v1.1, layer.md, "Whiteouts"; undefined for an ordinary name. aufs's own files
 * (`.wh..wh.plnk` and the like), which old images carry, are to be ignored.
 */
export function whiteoutOf(parts: readonly string[]): Whiteout | undefined {
  const base = parts.at(-1) ?? '';
  if (parts.slice(0, -1).some((part) => part.startsWith('.wh..wh.'))) return { kind: 'ignore' };
  if (!base.startsWith('.wh.')) return undefined;
  if (base === '.wh..wh..opq') return { kind: 'opaque' };
  if (base.startsWith('.wh..wh.')) return { kind: 'ignore' };
  const target = base.slice('.wh.'.length);
  if (target === '' || target === '.' || target === '..') throw badLayer(`"${base}" is not a whiteout`);
  return { kind: 'file', path: [...parts.slice(0, -1), target].join('/') };
}

/** Paths seen, by a 52-bit hash each: a million of them take some 40 MB, where the strings would take hundreds. */
export class NameSet {
  readonly #hashes = new Set<number>();

  add(path: string): void {
    this.#hashes.add(hash(path));
  }

  has(path: string): boolean {
    return this.#hashes.has(hash(path));
  }
}

/** Two FNV-1a runs from different starts, joined to 52 bits. */
function hash(path: string): number {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  return (high >>> 12) * 2 ** 32 + (low >>> 0);
}
