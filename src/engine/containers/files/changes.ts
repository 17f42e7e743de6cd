import { closeSync, constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Rootfs } from '../../images/contract.ts';
import { hasCode } from '../../sys/errno.ts';
import { createMount } from '../../sys/mount.ts';
import { readOwnAttribute } from '../../sys/open-file-attributes.ts';

/** Docker Engine API v1.51, FilesystemChange; ChangeType is 0 modified, 1 added, 2 deleted. */
export interface Change {
  readonly Path: string;
  readonly Kind: 0 | 1 | 2;
}

const MODIFIED = 0;
const ADDED = 1;
const DELETED = 2;

/**
 * What a container has changed of its image: its own layer beside the image's. A directory comes before what is in it,
 * names in the order of their bytes; one that is only on the way to a change counts as modified, as in Docker.
 */
export async function changesOf(rootfs: Rootfs): Promise<Change[]> {
  const upper = await openDirectory(rootfs.upper);
  const lower = await openLowers(rootfs.lowers);
  try {
    return await compare({ upper, lower, path: '' });
  } finally {
    await upper.close();
    await lower.close();
  }
}

/** One directory of the container's own layer, and what the image has in its place. */
interface Pair {
  readonly upper: FileHandle;
  readonly lower: FileHandle | undefined;
  readonly path: string;
}

/** Steps go by open directories and follow no link: whatever the container does meanwhile, nothing else is looked at. */
async function compare(pair: Pair): Promise<Change[]> {
  const { upper, lower } = pair;
  const own = await namesIn(upper);
  // A directory that was removed and made again hides what the image has in it.
  const hidden = lower !== undefined && isOpaque(upper) ? await namesIn(lower) : [];
  const changes: Change[] = [];
  for (const name of union(own, hidden)) {
    const now = await lstatIn(upper, name);
    const before = lower === undefined ? undefined : await lstatIn(lower, name);
    const Path = `${pair.path}/${name.toString('utf8')}`;
    if (now === undefined || isWhiteout(now)) {
      if (before !== undefined) changes.push({ Path, Kind: DELETED });
      continue;
    }
    const inside = now.isDirectory() ? await compareBelow(pair, name, before) : [];
    const Kind = before === undefined ? ADDED : MODIFIED;
    if (isRuntimes(Path, Kind, now, inside)) continue;
    if (before?.isDirectory() !== true || !now.isDirectory() || inside.length > 0 || differs(now, before)) {
      changes.push({ Path, Kind });
    }
    changes.push(...inside);
  }
  return changes;
}

async function compareBelow(pair: Pair, name: Buffer, before: Stats | undefined): Promise<Change[]> {
  const upper = await unlessGone(openDirectory(childOf(pair.upper, name)));
  if (upper === undefined) return [];
  const known = before?.isDirectory() === true && pair.lower !== undefined;
  const lower = known ? await unlessGone(openDirectory(childOf(pair.lower, name))) : undefined;
  try {
    return await compare({ upper, lower, path: `${pair.path}/${name.toString('utf8')}` });
  } finally {
    await upper.close();
    await lower?.close();
  }
}

/** As moby compares directories: neither their size nor their time says anything. */
const differs = (now: Stats, before: Stats): boolean =>
  now.mode !== before.mode || now.uid !== before.uid || now.gid !== before.gid;

/**
 * What the runtime makes as mount points where the image hasn't got it. Docker puts these into a layer of their own,
 * which doesn't count (moby daemon/initlayer).
 */
const RUNTIME_DIRECTORIES = ['/dev', '/dev/pts', '/dev/shm', '/etc', '/proc', '/sys'];
const RUNTIME_FILES = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/dev/console'];

function isRuntimes(path: string, kind: number, now: Stats, inside: readonly Change[]): boolean {
  if (kind !== ADDED) return false;
  if (now.isDirectory()) return inside.length === 0 && RUNTIME_DIRECTORIES.includes(path);
  return now.isFile() && now.size === 0 && RUNTIME_FILES.includes(path);
}

/** Overlayfs's mark of a name that is gone: a character device 0:0 (kernel, filesystems/overlayfs.rst). */
const isWhiteout = (stat: Stats): boolean => stat.isCharacterDevice() && stat.rdev === 0;

const isOpaque = (directory: FileHandle): boolean =>
  readOwnAttribute(directory.fd, 'trusted.overlay.opaque')?.toString('latin1') === 'y';

/** All layers of the image as one directory: a mount that is nowhere and goes with its fd. */
async function openLowers(lowers: readonly string[]): Promise<FileHandle> {
  const [first = '', ...rest] = lowers;
  if (rest.length === 0) return await openDirectory(first);
  const mounted = createMount('overlay', [
    ['source', 'overlay'],
    ...lowers.map((lower) => ['lowerdir+', lower] as const),
  ]);
  try {
    return await open(`/proc/self/fd/${mounted}/`, O_RDONLY | O_DIRECTORY);
  } finally {
    closeSync(mounted);
  }
}

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

const openDirectory = async (path: string | Buffer): Promise<FileHandle> =>
  await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

const namesIn = async (directory: FileHandle): Promise<Buffer[]> =>
  await readdir(`/proc/self/fd/${directory.fd}`, { encoding: 'buffer' });

function union(some: readonly Buffer[], others: readonly Buffer[]): Buffer[] {
  const known = new Set(some.map((name) => name.toString('latin1')));
  const all = [...some, ...others.filter((name) => !known.has(name.toString('latin1')))];
  return all.sort((a, b) => a.compare(b));
}

const lstatIn = async (directory: FileHandle, name: Buffer): Promise<Stats | undefined> =>
  await unlessGone(lstat(childOf(directory, name)));

const childOf = (directory: FileHandle, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${directory.fd}/`), name]);

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}
