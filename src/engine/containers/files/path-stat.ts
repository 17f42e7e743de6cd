import { closeSync, constants, fstatSync } from 'node:fs';
import { posix } from 'node:path';
import { hasCode } from '../../sys/errno.ts';
import { readOpenLink } from '../../sys/files.ts';
import { O_PATH, openInOpenRoot } from '../../sys/open-in-root.ts';
import { goFileMode } from './go-file-mode.ts';
import type { FilesView } from './view.ts';

const { O_NOFOLLOW } = constants;

/** What `X-Docker-Container-Path-Stat` holds, base64 of JSON (Docker Engine API v1.51, ContainerArchiveInfo). */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode. */
  readonly mode: number;
  readonly mtime: string;
  /** Where a symbolic link leads, as a path of the container; '' for anything else. */
  readonly linkTarget: string;
}

/**
 * Tells of a file without following it, unless the path ends with a slash.
 *
 * @throws SyscallError
 */
export function statPath(view: FilesView, path: string): PathStat {
  const fd = openInOpenRoot(view.root, path, O_PATH | O_NOFOLLOW);
  try {
    const stat = fstatSync(fd);
    return {
      name: posix.basename(path) || '/',
      size: stat.size,
      mode: goFileMode(stat),
      mtime: `${stat.mtime.toISOString().replace(/\.?0*Z$/, '')}Z`,
      linkTarget: stat.isSymbolicLink() ? followedPath(view, path) : '',
    };
  } finally {
    closeSync(fd);
  }
}

/** The kernel's own limit (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * Where a path leads when all of its links are followed, as far as they can be: what isn't there is taken as it is
 * written. For showing only: between this and any use of it the links may change.
 */
function followedPath(view: FilesView, path: string): string {
  let links = 0;
  let done: string[] = [];
  const rest = path.split('/').filter(Boolean);
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = links < MAX_LINKS ? linkAt(view, [...done, part].join('/')) : undefined;
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links += 1;
    if (target.startsWith('/')) done = [];
    rest.unshift(...target.split('/').filter(Boolean));
  }
  return `/${done.join('/')}`;
}

/** A link's target; undefined for what is none. */
function linkAt(view: FilesView, path: string): string | undefined {
  let fd: number;
  try {
    fd = openInOpenRoot(view.root, path, O_PATH | O_NOFOLLOW);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return undefined;
    throw error;
  }
  try {
    return fstatSync(fd).isSymbolicLink() ? readOpenLink(fd).toString('utf8') : undefined;
  } finally {
    closeSync(fd);
  }
}
