import { device, directory, fifo, file, symlink, type FileContent } from './nodes.ts';
import { treeError, type FsTree } from './tree.ts';

/** An archive member; paths and names are byte strings. ../tar's entries are of this shape. */
export interface TreeEntry {
  /** `./usr/bin/x`, `usr/bin/x` or `/usr/bin/x`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** A symlink's target, or the path of the member that a hard link repeats. */
  readonly link?: string | undefined;
  readonly content?: FileContent | undefined;
  readonly xattrs?: ReadonlyMap<string, Buffer> | undefined;
  readonly devMajor?: number | undefined;
  readonly devMinor?: number | undefined;
}

/** Unpacks one member into the tree, as `tar -x` would with an empty folder as its root. */
export function applyEntry(tree: FsTree, entry: TreeEntry): void {
  const { uid, gid, mtime } = entry;
  const meta = { mode: entry.mode & 0o7777, uid, gid, mtime, xattrs: new Map(entry.xattrs) };
  switch (entry.type) {
    case 'file':
      return tree.add(entry.path, file(entry.content ?? Buffer.alloc(0), meta));
    case 'directory':
      return tree.add(entry.path, directory(meta));
    case 'symlink':
      return tree.add(entry.path, symlink(linkOf(entry), { ...meta, mode: 0o777 }));
    case 'hardlink':
      return tree.link(entry.path, linkOf(entry));
    case 'char':
    case 'block':
      return tree.add(entry.path, device(entry.type, entry.devMajor ?? 0, entry.devMinor ?? 0, meta));
    case 'fifo':
      return tree.add(entry.path, fifo(meta));
    default:
      throw treeError(`"${entry.path}" is of an unknown type: ${String(entry.type satisfies never)}.`);
  }
}

function linkOf(entry: TreeEntry): string {
  if (entry.link === undefined || entry.link === '')
    throw treeError(`The ${entry.type} "${entry.path}" names no target.`);
  return entry.link;
}
