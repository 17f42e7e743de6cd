import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, unlessLocked, type Leftover } from '../../platform/leftover.ts';
import { lockHolder, withLock } from '../../platform/lock.ts';

/** Taken by whoever composes an image of these (src/image-builder/compose.ts). */
const lockOf = (imagesDir: string): string => join(imagesDir, '.lock');

/**
 * What interrupted compositions have left: images half composed, downloads half done. The next one would go on from the
 * downloads, so this costs what they are worth. None while somebody composes; a cache that is
 * shared with others is left out.
 */
export async function imageLeftovers(imagesDir: string, cacheDir: string | undefined): Promise<Leftover[]> {
  if ((await lockHolder(lockOf(imagesDir))) !== undefined) return [];
  const partials = cacheDir === undefined ? [] : [join(cacheDir, 'partial')];
  const unfinished = [];
  for (const directory of partials)
    for (const name of await namesIn(directory)) unfinished.push(join(directory, name));
  const building = (await namesIn(imagesDir)).filter((name) => name.startsWith('.building-'));
  return [
    ...building.map((name) => leftover('half-composed image', join(imagesDir, name), imagesDir)),
    ...unfinished.map((path) => leftover('unfinished download', path, imagesDir)),
  ];
}

/** The verified downloads that images are composed of. What was last seen of Debian's lists isn't among them. */
export async function verifiedDownloads(imagesDir: string, cacheDir: string): Promise<Leftover[]> {
  const names = (await namesIn(cacheDir)).filter((name) => /^sha\d+$/.test(name));
  return names.map((name) => leftover('verified downloads', join(cacheDir, name), imagesDir));
}

function leftover(what: string, path: string, imagesDir: string): Leftover {
  const lock = { purpose: 'machine prune' };
  return {
    what,
    path,
    remove: () =>
      unlessLocked(withLock(lockOf(imagesDir), lock, () => rm(path, { recursive: true, force: true }))),
  };
}
