import type { FetchedPackage } from './debian/archive.ts';
import { readDeb } from './debian/deb.ts';
import type { FetchedNpmPackage } from './gather.ts';
import { readNpmPackage } from './npm/registry.ts';
import type { TarEntry } from './tar/entry.ts';
import { applyEntry } from './tree/apply.ts';
import type { FsTree } from './tree/tree.ts';

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

/** Unpacks one package into the tree. @returns the newest time in it, seconds since the epoch */
export async function unpackDeb(tree: FsTree, path: string, signal?: AbortSignal): Promise<number> {
  let newest = 0;
  for await (const entry of readDeb(path)) {
    signal?.throwIfAborted();
    newest = Math.max(newest, entry.mtime);
    apply(tree, entry, entry.path);
  }
  return newest;
}

/** Puts the files that the recipe names into the tree; `{package}` in a path is the package's name. */
export async function unpackNpm(
  tree: FsTree,
  fetched: FetchedNpmPackage,
  signal?: AbortSignal,
): Promise<void> {
  for await (const entry of readNpmPackage(fetched.path)) {
    signal?.throwIfAborted();
    for (const [from, to] of Object.entries(fetched.copy)) {
      if (entry.type !== 'file' || !isBelow(entry.path, from)) continue;
      const below = entry.path.slice(from.length).replace(/^\//, '');
      const target = [to.replaceAll('{package}', fetched.package.name), below]
        .filter((part) => part !== '')
        .join('/');
      // npm's tarballs have their packer's umask and owner.
      const mode = (entry.mode & 0o100) === 0 ? 0o644 : 0o755;
      applyEntry(tree, { ...entry, path: target, mode, uid: 0, gid: 0 });
    }
  }
}

export async function readKernelPackage(fetched: FetchedPackage, signal?: AbortSignal): Promise<KernelFiles> {
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
