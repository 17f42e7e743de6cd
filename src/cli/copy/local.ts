import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import path from 'node:path';
import { systemErrorCode } from '../../core/errors.ts';
import { copyError } from './argument.ts';
import { assertsDirectory, hasTrailingSeparator, meansContents, splitEntry, withEndOf } from './path-ends.ts';
import type { PathStyle } from './path-ends.ts';
import type { CopyDestination, CopySource } from './plan.ts';

/** An absolute path with the end that was asked for. */
export const localPath = (given: string): string => withEndOf(path.resolve(given), given, path);

/** What is to be copied from this computer. Links on the way are followed; the last one with `follow` only. */
export async function localSource(given: string, follow: boolean): Promise<CopySource> {
  const resolved = await named(given, async () => (follow ? followed(given) : parentFollowed(given)));
  const found = await named(resolved.path, async () =>
    assertsDirectory(resolved.path, path) ? stat(resolved.path) : lstat(resolved.path),
  );
  if (assertsDirectory(resolved.path, path) && !found.isDirectory()) throw copyError('not a directory');
  return { ...resolved, isDirectory: found.isDirectory() };
}

async function followed(given: string): Promise<Omit<CopySource, 'isDirectory'>> {
  return rebased(given, await realpath(given));
}

/** {@link CopySource} of a path that links were followed to, as docker names it (moby's GetRebaseName). */
export function rebased(
  given: string,
  resolved: string,
  style: PathStyle = path,
): Omit<CopySource, 'isDirectory'> {
  const name = style.basename(given);
  return {
    path: withEndOf(resolved, given, style),
    rebaseName: meansContents(given, style) || name === style.basename(resolved) ? '' : name,
  };
}

async function parentFollowed(given: string): Promise<Omit<CopySource, 'isDirectory'>> {
  // `link/` means what the link leads to, under the link's name.
  if (hasTrailingSeparator(given, path) || meansContents(given, path)) return followed(given);
  const { directory, base } = splitEntry(given, path);
  return { path: path.join(await realpath(directory), base), rebaseName: '' };
}

/** docker's bound (moby pkg/archive/copy.go). */
const MAX_LINKS = 10;

/** Where on this computer a copy goes: links are followed, the path itself need not exist, its parent has to. */
export async function localDestination(given: string): Promise<CopyDestination> {
  let target = given;
  for (let links = 0; ; links++) {
    const found = await ifThere(target);
    if (found === undefined) break;
    if (!found.isSymbolicLink()) return { path: target, exists: true, isDirectory: found.isDirectory() };
    if (links > MAX_LINKS) throw copyError(`too many symlinks in "${given}"`);
    target = path.resolve(splitEntry(target, path).directory, await readlink(target));
  }
  const { directory } = splitEntry(target, path);
  const parent = await named(directory, async () => stat(directory));
  if (!parent.isDirectory()) throw copyError('not a directory');
  return { path: target, exists: false, isDirectory: false };
}

/**
 * Says early that there is no place for a copy.
 *
 * @param what stands before docker's words: `failed to save image: `
 * @throws WherryError in docker's words
 */
export async function checkOutputPath(given: string, what = ''): Promise<void> {
  const directory = path.dirname(path.normalize(given));
  if ((await ifThere(directory)) === undefined) {
    throw copyError(`${what}invalid output path: directory "${directory}" does not exist`);
  }
  const found = await stat(given).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  });
  if (found === undefined || found.isDirectory() || found.isFile()) return;
  const kind = found.isCharacterDevice() || found.isBlockDevice() ? 'a device' : 'an irregular file';
  throw copyError(
    `${what}invalid output path: "${given}" must be a directory or a regular file: got ${kind}`,
  );
}

async function ifThere(target: string): Promise<Stats | undefined> {
  try {
    return await lstat(target);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Says what isn't there as docker does. */
async function named<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') throw copyError(`lstat ${target}: no such file or directory`, error);
    if (code === 'ENOTDIR') throw copyError('not a directory', error);
    throw error;
  }
}
