import { badTar } from '../../core/tar/errors.ts';

/**
 * The one form of an archive's path: relative to the root, without `.`, empty components or slashes
 * at the ends. `..` is refused: nothing in an archive may point above its root.
 */
export function normalizePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw badTar(`it holds a path that leaves its root: ${JSON.stringify(path)}`);
  if (path.includes('\0')) throw badTar('it holds a path with a NUL byte');
  return parts.join('/');
}
