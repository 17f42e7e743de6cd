import { closeSync, constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { END_MARK } from '../../../core/tar/writer.ts';
import { O_PATH, openInOpenRoot } from '../../sys/open-in-root.ts';
import { archiveDirectory, archiveTree } from './archive-tree.ts';
import { GO_MODE } from './go-file-mode.ts';
import type { PathStat } from './path-stat.ts';
import type { FilesView } from './view.ts';

const { O_DIRECTORY, O_RDONLY } = constants;

/**
 * `GET /containers/{id}/archive`: a file by its own name, or a directory whose members are named below its own name; with
 * `/.` at the path's end below `.`, and `/` itself below `/` (moby daemon/archive_unix.go).
 *
 * @param stat of this path
 * @throws SyscallError
 */
export async function* archivePath(view: FilesView, path: string, stat: PathStat): AsyncGenerator<Buffer> {
  const isDirectory = stat.mode >= GO_MODE.DIR;
  const base = /(?:^|\/)\.$/.test(path) ? '.' : posix.basename(path) || '/';
  const directory = await openDirectory(view, isDirectory ? path : posix.dirname(path));
  try {
    const as = Buffer.from(base).toString('latin1');
    if (isDirectory) yield* archiveDirectory(directory, as, view.insideId);
    else yield* archiveTree(directory, Buffer.from(base), as, view.insideId);
  } finally {
    await directory.close();
  }
  yield Buffer.from(END_MARK);
}

/** `GET /containers/{id}/export`: everything below the root, by relative names. */
export async function* archiveRoot(view: FilesView): AsyncGenerator<Buffer> {
  const root = await openDirectory(view, '/');
  try {
    yield* archiveDirectory(root, '', view.insideId);
  } finally {
    await root.close();
  }
  yield Buffer.from(END_MARK);
}

/** A FileHandle's methods don't block the engine. */
async function openDirectory(view: FilesView, path: string | Buffer): Promise<FileHandle> {
  const fd = openInOpenRoot(view.root, path, O_PATH | O_DIRECTORY);
  try {
    return await open(`/proc/self/fd/${fd}`, O_RDONLY | O_DIRECTORY);
  } finally {
    closeSync(fd);
  }
}
