import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Rootfs } from '../../images/contract.ts';
import {
  childOf,
  isOpaque,
  isRuntimes,
  isWhiteout,
  lstatIn,
  namesIn,
  openDirectory,
  openLowers,
  unlessGone,
} from './overlay.ts';

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
    return await compare({ upper, lower, hidesLower: false, path: '' });
  } finally {
    await upper.close();
    await lower.close();
  }
}

/** One directory of the container's own layer, and what the image has in its place. */
interface Pair {
  readonly upper: FileHandle;
  readonly lower: FileHandle | undefined;
  /** It, or a directory above it, was removed and made again: nothing of the image's shows through. */
  readonly hidesLower: boolean;
  readonly path: string;
}

/** Steps go by open directories and follow no link: whatever the container does meanwhile, nothing else is looked at. */
async function compare(pair: Pair): Promise<Change[]> {
  const { upper, lower } = pair;
  const own = await namesIn(upper);
  const hidesLower = pair.hidesLower || isOpaque(upper);
  const hidden = lower !== undefined && hidesLower ? await namesIn(lower) : [];
  const changes: Change[] = [];
  for (const name of union(own, hidden)) {
    const now = await lstatIn(upper, name);
    const before = lower === undefined ? undefined : await lstatIn(lower, name);
    const Path = `${pair.path}/${name.toString('utf8')}`;
    if (now === undefined || isWhiteout(now)) {
      if (before !== undefined) changes.push({ Path, Kind: DELETED });
      continue;
    }
    const inside = now.isDirectory() ? await compareBelow({ ...pair, hidesLower }, name, before) : [];
    const Kind = before === undefined ? ADDED : MODIFIED;
    if (before === undefined && isRuntimes(Path, now, inside.length === 0)) continue;
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
    return await compare({
      upper,
      lower,
      hidesLower: pair.hidesLower,
      path: `${pair.path}/${name.toString('utf8')}`,
    });
  } finally {
    await upper.close();
    await lower?.close();
  }
}

/** As moby compares directories: neither their size nor their time says anything. */
export const differs = (now: Stats, before: Stats): boolean =>
  now.mode !== before.mode || now.uid !== before.uid || now.gid !== before.gid;

function union(some: readonly Buffer[], others: readonly Buffer[]): Buffer[] {
  const known = new Set(some.map((name) => name.toString('latin1')));
  const all = [...some, ...others.filter((name) => !known.has(name.toString('latin1')))];
  return all.sort((a, b) => a.compare(b));
}
