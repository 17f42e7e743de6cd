import { WherryError } from '../../core/errors.ts';
import { readDeb } from '../debian/deb.ts';
import { readDebs } from '../debian/deb-batch.ts';
import { parseRelationship } from '../debian/dependency.ts';
import { parseStanza } from '../debian/deb822.ts';
import type { TarEntry } from '../tar/entry.ts';
import { applyEntry } from '../tree/apply.ts';
import { readContent } from '../tree/content.ts';
import type { FsTree } from '../tree/tree.ts';
import type { ContentSpool } from './content-spool.ts';
import type { UnpackedPackage } from './dpkg-database.ts';
import type { ReadPackage } from './second-stage.ts';

export interface UnpackedTree {
  readonly packages: readonly UnpackedPackage[];
  /** The time of the newest file in any package, seconds since the epoch. */
  readonly newest: number;
}

export interface UnpackOptions {
  /** Whether a file stays out; dpkg remembers it as its package's all the same. */
  readonly leavesOut: (path: string) => boolean;
  /** Told after each package. */
  readonly onPackage: () => void;
  readonly signal: AbortSignal;
}

/**
 * Unpacks packages into a tree as dpkg would into an empty one: a directory that is there stays as the first package
 * made it, and no two packages may bring the same file unless one says that it replaces the other.
 * @throws PACKAGES_CLASH, DEB_INVALID
 */
export async function unpackPackages(
  tree: FsTree,
  spool: ContentSpool,
  read: readonly ReadPackage[],
  { leavesOut, onPackage, signal }: UnpackOptions,
): Promise<UnpackedTree> {
  // base-files says what the root's own folders are like, /tmp's mode for one.
  const ordered = read
    .map(({ fetched, control }) => ({ path: fetched.path, name: fetched.record.name, control }))
    .sort((a, b) => Number(b.name === 'base-files') - Number(a.name === 'base-files'));
  const owners = new Map<string, Owner>();
  const packages: UnpackedPackage[] = [];
  let newest = 0;
  for await (const { package: item, entries } of readDebs(ordered)) {
    signal.throwIfAborted();
    const { name, control } = item;
    const owner = { name, control };
    const lost = new Set<string>();
    for (const entry of entries) {
      newest = Math.max(newest, entry.mtime);
      if (leavesOut(entry.path)) continue;
      if (entry.type === 'directory') addDirectory(tree, entry, owner);
      else if (!mayUnpack(entry, owner, owners)) lost.add(entry.path);
      else applyEntry(tree, entry.type === 'file' ? { ...entry, content: spool.put(entry.content) } : entry);
    }
    packages.push({
      control,
      paths: entries.map(({ path }) => path).filter((path) => !lost.has(path)),
      contentOf: (path) => contentAt(tree, path),
    });
    onPackage();
  }
  return { packages, newest };
}

/** The time of the newest file in packages that are unpacked elsewhere, seconds since the epoch; 0 for none. */
export async function newestFile(read: readonly ReadPackage[], signal: AbortSignal): Promise<number> {
  let newest = 0;
  for (const { fetched } of read) {
    signal.throwIfAborted();
    for await (const { mtime } of readDeb(fetched.path)) newest = Math.max(newest, mtime);
  }
  return newest;
}

interface Owner {
  readonly name: string;
  readonly control: ReadonlyMap<string, Buffer>;
}

function addDirectory(tree: FsTree, entry: TarEntry, owner: Owner): void {
  if (owner.name === 'base-files' || tree.lookup(entry.path)?.type !== 'directory') applyEntry(tree, entry);
}

/** Whether a file goes in; false where the one that is there replaces it. @throws PACKAGES_CLASH */
function mayUnpack(entry: TarEntry, owner: Owner, owners: Map<string, Owner>): boolean {
  const path = entry.path.replace(/^(bin|lib|lib64|sbin)\//, 'usr/$1/');
  const present = owners.get(path);
  if (present === undefined || present.name === owner.name || replaces(owner, present)) {
    owners.set(path, owner);
    return true;
  }
  if (replaces(present, owner)) return false;
  throw new WherryError({
    code: 'PACKAGES_CLASH',
    message: `${owner.name} and ${present.name} both bring /${entry.path}, and neither says that it replaces the other`,
  });
}

function replaces(one: Owner, other: Owner): boolean {
  const fields = parseStanza((one.control.get('control') ?? Buffer.alloc(0)).toString('utf8'));
  const groups = parseRelationship(fields.get('replaces'));
  return groups.some((group) => group.some(({ name }) => name === other.name));
}

function contentAt(tree: FsTree, path: string): Buffer | undefined {
  const node = tree.lookup(path);
  return node?.type === 'file' ? readContent(node.content) : undefined;
}
