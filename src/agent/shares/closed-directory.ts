import { lstatSync, readlinkSync, realpathSync, statSync, type BigIntStats } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';

/**
 * A directory that is shared with nobody, wherever it is seen: one directory may have several paths (on disks that
 * don't tell `a` from `A`, by bind mounts, by macOS' firmlinks), so it is known by its device and inode as well. What
 * is looked at here was resolved right before, and the kernel has it at hand: hence no promises.
 */
export class ClosedDirectory {
  readonly #path: string;
  #real: string | undefined;

  /** @param path as its owner uses it, symlinks and all */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * @param path without symlinks, other than its last name; it needn't be there
   * @throws the filesystem's errors, other than for what isn't there
   */
  place(path: string): 'itself' | 'inside' | 'outside' {
    const closed = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    if (closed === undefined) return 'outside';
    this.#real ??= realpathSync(this.#path);
    for (const up of [path, ...above(path)]) {
      if (up === this.#real || isSame(look(up), closed)) return up === path ? 'itself' : 'inside';
    }
    return 'outside';
  }

  /** Whether it is a directory or a symlink on the way there: who moves such a one has it under another name. */
  isOnTheWay(path: string): boolean {
    const stats = look(path);
    if (stats === undefined || stats.isFile()) return false;
    return this.#stages().some((stage) => stage.path === path || isSame(stage.stats, stats));
  }

  /** All that its path leads through, from the filesystem's root to the directory itself; each symlink before its target. */
  #stages(): Stage[] {
    const stages: Stage[] = [];
    const left = names(this.#path);
    let here = rootOf(this.#path);
    for (let symlinks = 0; ;) {
      const stats = look(here);
      if (stats === undefined) return [];
      stages.push({ path: here, stats });
      if (stats.isSymbolicLink()) {
        symlinks += 1;
        if (symlinks > MOST_SYMLINKS) return [];
        const target = resolve(dirname(here), readlinkSync(here));
        left.unshift(...names(target));
        here = rootOf(target);
        continue;
      }
      const name = left.shift();
      if (name === undefined) return stages;
      here = join(here, name);
    }
  }
}

interface Stage {
  readonly path: string;
  readonly stats: BigIntStats;
}

/** As Linux has it (path_resolution(7)). */
const MOST_SYMLINKS = 40;

const look = (path: string): BigIntStats | undefined =>
  lstatSync(path, { bigint: true, throwIfNoEntry: false });

/** Filesystems without inodes say 0. */
const isSame = (a: BigIntStats | undefined, b: BigIntStats): boolean =>
  a !== undefined && a.ino !== 0n && a.ino === b.ino && a.dev === b.dev;

function above(path: string): string[] {
  const up = dirname(path);
  return up === path ? [] : [up, ...above(up)];
}

const rootOf = (path: string): string => above(path).at(-1) ?? path;
const names = (path: string): string[] =>
  path
    .slice(rootOf(path).length)
    .split(sep)
    .filter((name) => name !== '');
