import { availableParallelism } from 'node:os';
import type { FetchedPackage } from './debian/archive.ts';
import { readDebs } from './debian/deb-batch.ts';
import { readDeb } from './debian/deb.ts';
import type { FetchedNpmPackage } from './gather.ts';
import { readNpmPackage } from './npm/registry.ts';
import type { TarEntry } from './tar/entry.ts';
import { applyEntry } from './tree/apply.ts';
import type { FsTree } from './tree/tree.ts';

/** Packages at a time; one processor is busy with the kernel's. */
const WIDTH = Math.max(1, availableParallelism() - 1);

/** A kernel package's parts. */
export interface KernelFiles {
  /** `6.12.117+deb13-cloud-amd64` */
  readonly version: string;
  /** As packed: a bzImage, or whatever the architecture has. */
  readonly image: Buffer;
  /** Below `/usr/lib/modules/<version>`: path to bytes, modules as packed. */
  readonly modules: ReadonlyMap<string, Buffer>;
  readonly copyright: TarEntry | undefined;
}

/**
 * Unpacks packages into the tree, in the given order; the next ones are being decompressed meanwhile.
 * @returns the newest time in them, seconds since the epoch
 */
export async function unpackDebs(
  tree: FsTree,
  packages: readonly FetchedPackage[],
  onPackage: () => void,
  signal: AbortSignal,
): Promise<number> {
  let newest = 0;
  for await (const { entries } of readDebs(packages, WIDTH)) {
    signal.throwIfAborted();
    for (const entry of entries) {
      newest = Math.max(newest, entry.mtime);
      apply(tree, entry, entry.path);
    }
    onPackage();
  }
  return newest;
}

/** The files of an npm package that the recipe names, where they go; `{package}` in a path is the package's name. */
export async function readNpmFiles(fetched: FetchedNpmPackage, signal: AbortSignal): Promise<TarEntry[]> {
  const files: TarEntry[] = [];
  for await (const entry of readNpmPackage(fetched.path)) {
    signal.throwIfAborted();
    for (const [from, to] of Object.entries(fetched.copy)) {
      if (entry.type !== 'file' || !isBelow(entry.path, from)) continue;
      const below = entry.path.slice(from.length).replace(/^\//, '');
      const path = [to.replaceAll('{package}', fetched.package.name), below]
        .filter((part) => part !== '')
        .join('/');
      // npm's tarballs have their packer's umask and owner.
      const mode = (entry.mode & 0o100) === 0 ? 0o644 : 0o755;
      files.push({ ...entry, path, mode, uid: 0, gid: 0 });
    }
  }
  return files;
}

/** `fetched`: a linux-image package's name and where its .deb is. */
export async function readKernelPackage(
  fetched: { readonly record: Pick<FetchedPackage['record'], 'name'>; readonly path: string },
  signal?: AbortSignal,
): Promise<KernelFiles> {
  const version = fetched.record.name.replace(/^linux-image-/, '');
  const folder = `usr/lib/modules/${version}/`;
  const modules = new Map<string, Buffer>();
  let image = Buffer.alloc(0);
  let copyright: TarEntry | undefined;
  for await (const entry of readDeb(fetched.path)) {
    signal?.throwIfAborted();
    const path = entry.path.replace(/^lib\//, 'usr/lib/');
    if (path === `boot/vmlinuz-${version}`) image = Buffer.from(entry.content);
    else if (entry.type === 'file' && path.startsWith(folder))
      modules.set(path.slice(folder.length), entry.content);
    else if (path.endsWith('/copyright')) copyright = entry;
  }
  return { version, image, modules, copyright };
}

export function apply(tree: FsTree, entry: TarEntry, path: string): void {
  applyEntry(tree, { ...entry, path });
}

function isBelow(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}
