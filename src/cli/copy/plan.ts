import { copyError } from './argument.ts';
import { assertsDirectory, splitEntry } from './path-ends.ts';
import type { PathStyle } from './path-ends.ts';

export interface CopySource {
  readonly path: string;
  readonly isDirectory: boolean;
  /** The name that was asked for, where a link that was followed has another one; '' otherwise. */
  readonly rebaseName: string;
}

export interface CopyDestination {
  readonly path: string;
  readonly exists: boolean;
  readonly isDirectory: boolean;
}

export interface CopyPlan {
  /** Where to unpack. */
  readonly directory: string;
  /** A member's name (one character a byte) as it is to be unpacked. */
  readonly rename: (name: string) => string;
}

/**
 * Which directory to unpack a copy's archive in, and what its members are to be called there. The archive's members are
 * named below the source's base name (moby pkg/archive/copy.go, PrepareArchiveCopy).
 *
 * @throws WherryError in docker's words where the two don't go together
 */
export function planCopy(
  source: CopySource,
  destination: CopyDestination,
  styles: { readonly source: PathStyle; readonly destination: PathStyle },
): CopyPlan {
  const from = source.rebaseName === '' ? splitEntry(source.path, styles.source).base : source.rebaseName;
  const to = splitEntry(destination.path, styles.destination);
  const renamed = { directory: to.directory, rename: renaming(from, to.base) };
  if (destination.exists && destination.isDirectory) {
    return { directory: destination.path, rename: (name) => name };
  }
  if (destination.exists && source.isDirectory) throw copyError('cannot copy directory');
  if (destination.exists || source.isDirectory) return renamed;
  if (assertsDirectory(destination.path, styles.destination)) throw copyError('no such directory');
  return renamed;
}

/** Puts `to` in place of `from` at the beginning of names. */
export function renaming(from: string, to: string): (name: string) => string {
  const [before, after] = [latin1(from === '/' ? '' : from), latin1(to)];
  return (name) => name.replace(before, () => after);
}

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
