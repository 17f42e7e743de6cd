import { badLayer, shown } from './header.ts';

const MAX_PATH = 4096;
const MAX_NAME = 255;

/**
 * The parts of an entry's name below the layer's root; `[]` is the root itself. An absolute name counts from there,
 * as it does for Docker. @throws EngineError for `..`, an empty name, or one that no filesystem takes
 */
export function layerPath(name: string): string[] {
  if (name === '') throw badLayer('an entry has no name');
  if (name.length > MAX_PATH) throw badLayer('a path is too long');
  if (name.includes('\0')) throw badLayer(`the path ${shown(name)} has a NUL in it`);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  for (const part of parts) {
    if (part === '..') throw badLayer(`the path ${shown(name)} leaves the layer`);
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
  const above = parts.slice(0, -1);
  if (above.some((part) => part.startsWith('.wh..wh.'))) return { kind: 'ignore' };
  if (above.some((part) => part.startsWith('.wh.')))
    throw badLayer(`${shown(parts.join('/'))} lies beneath a whiteout`);
  if (!base.startsWith('.wh.')) return undefined;
  if (base === '.wh..wh..opq') {
    // overlayfs knows no opaque root.
    if (above.length === 0) throw badLayer('it has an opaque whiteout of its root, which is not supported');
    return { kind: 'opaque' };
  }
  if (base.startsWith('.wh..wh.')) return { kind: 'ignore' };
  const target = base.slice('.wh.'.length);
  if (target === '' || target === '.' || target === '..') throw badLayer(`"${base}" is not a whiteout`);
  return { kind: 'file', path: [...above, target].join('/') };
}
