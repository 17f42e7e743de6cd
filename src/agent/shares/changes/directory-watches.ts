import { watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../core/errors.ts';
import type { Log } from '../../../platform/log.ts';

export interface DirectoryWatches {
  /** Watches a directory (a share's path) from now on; those that were asked for longest ago give way. */
  add(path: string): void;
  close(): void;
}

/** Linux has 8192 for a user at least (inotify(7), max_user_watches); others of the user's programs need some too. */
const MOST = 4096;

/**
 * Watches directories of the host's, each by itself on Linux; as a whole tree where the system does that in one go.
 *
 * @param onChange told the share's path; `named`: something came, went or was renamed, as opposed to changed
 */
export function watchDirectories(
  root: string,
  onChange: (path: string, named: boolean) => void,
  log: Log,
  tree = process.platform !== 'linux',
): DirectoryWatches {
  return tree ? watchTree(root, onChange, log) : watchEach(root, onChange, log);
}

type OnChange = (path: string, named: boolean) => void;

const below = (directory: string, name: string): string =>
  directory === '/' ? `/${name}` : `${directory}/${name}`;

function watchEach(root: string, onChange: OnChange, log: Log): DirectoryWatches {
  const watchers = new Map<string, FSWatcher>();
  let closed = false;
  const drop = (path: string): void => {
    watchers.get(path)?.close();
    watchers.delete(path);
  };
  return {
    add(path) {
      if (closed) return;
      const there = watchers.get(path);
      if (there !== undefined) {
        watchers.delete(path);
        watchers.set(path, there);
        return;
      }
      try {
        const watcher = watch(join(root, path), { persistent: false }, (event, name) => {
          if (name !== null) onChange(below(path, name), event === 'rename');
        });
        watcher.on('error', () => drop(path));
        watchers.set(path, watcher);
        const [oldest] = watchers.keys();
        if (watchers.size > MOST && oldest !== undefined) drop(oldest);
      } catch (error) {
        // Gone already, or the user's watches are used up: the guest sees changes when it looks.
        log.debug('a shared directory is not watched', { path, reason: messageOf(error) });
      }
    },
    close() {
      closed = true;
      for (const path of watchers.keys()) drop(path);
    },
  };
}

function watchTree(root: string, onChange: OnChange, log: Log): DirectoryWatches {
  const wanted = new Set<string>();
  let watcher: FSWatcher | undefined;
  const begin = (): void => {
    try {
      watcher = watch(root, { persistent: false, recursive: true }, (event, name) => {
        if (name === null) return;
        const path = `/${name.replaceAll('\\', '/')}`;
        if (wanted.has(path.slice(0, path.lastIndexOf('/')) || '/')) onChange(path, event === 'rename');
      });
      watcher.on('error', (error) => log.debug('a share is watched no longer', { reason: messageOf(error) }));
    } catch (error) {
      log.debug('a share is not watched', { root, reason: messageOf(error) });
    }
  };
  return {
    add(path) {
      wanted.delete(path);
      wanted.add(path);
      const [oldest] = wanted;
      if (wanted.size > MOST && oldest !== undefined) wanted.delete(oldest);
      if (watcher === undefined) begin();
    },
    close: () => watcher?.close(),
  };
}
