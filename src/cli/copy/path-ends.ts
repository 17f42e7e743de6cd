import type { posix } from 'node:path';

/** The rules of a kind of computer for paths. */
export type PathStyle = typeof posix;

/*
 * What the end of a path says to `cp`: with a separator "this is a directory", with `/.` "what is in it" (docker's
 * documentation of `docker cp`, and moby's pkg/archive/copy.go). `style` is posix for a container's path, this
 * computer's own for others.
 */

export function hasTrailingSeparator(path: string, style: PathStyle): boolean {
  return path.endsWith('/') || path.endsWith(style.sep);
}

export function meansContents(path: string, style: PathStyle): boolean {
  return path === '' || style.basename(path) === '.';
}

export function assertsDirectory(path: string, style: PathStyle): boolean {
  return hasTrailingSeparator(path, style) || meansContents(path, style);
}

/** A path that has been cleaned, with the end that it had before. */
export function withEndOf(cleaned: string, original: string, style: PathStyle): string {
  let path = cleaned;
  if (!meansContents(path, style) && meansContents(original, style)) {
    path = hasTrailingSeparator(path, style) ? `${path}.` : `${path}${style.sep}.`;
  }
  if (!hasTrailingSeparator(path, style) && hasTrailingSeparator(original, style)) path += style.sep;
  return path;
}

/** The directory that a path is in, and its name there: `.` where the path means a directory's contents. */
export function splitEntry(
  path: string,
  style: PathStyle,
): { readonly directory: string; readonly base: string } {
  const clean = style.normalize(path === '' ? '.' : path);
  const last = clean.at(-1) ?? '';
  const root = style.parse(clean).root;
  const stripped = clean.length > root.length && isSeparator(last, style) ? clean.slice(0, -1) : clean;
  if (meansContents(path, style)) return { directory: stripped, base: '.' };
  return { directory: style.dirname(stripped), base: style.basename(stripped) || style.sep };
}

const isSeparator = (character: string, style: PathStyle): boolean =>
  character === '/' || character === style.sep;
