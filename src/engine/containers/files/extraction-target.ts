import { closeSync, constants } from 'node:fs';
import { lchown, mkdir, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { hasCode } from '../../sys/errno.ts';
import { O_PATH, openInOpenRoot } from '../../sys/open-in-root.ts';
import type { FilesView } from './view.ts';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Of directories that an archive doesn't name, as in moby. */
const IMPLIED_MODE = 0o755;

/** Finds the directories that an archive's members belong into, and makes those that it doesn't name. */
export class ExtractionTarget {
  readonly view: FilesView;
  readonly #base: string;
  #latest: { readonly path: string; readonly directory: FileHandle } | undefined;

  /** @param base the directory that is extracted to, a clean path of the container, one character a byte */
  constructor(view: FilesView, base: string) {
    this.view = view;
    this.#base = base.replace(/\/+$/, '');
  }

  /**
   * The directory of that path below the base, open until another one is asked for. Members of one directory come one
   * after another, mostly. @throws SyscallError
   */
  async directory(parts: readonly string[]): Promise<FileHandle> {
    const path = parts.join('/');
    if (this.#latest?.path === path) return this.#latest.directory;
    const directory = await this.open(parts);
    await this.forget();
    this.#latest = { path, directory };
    return directory;
  }

  /** To be called when something is replaced, which may be what a later path leads through; and at the end. */
  async forget(): Promise<void> {
    const latest = this.#latest;
    this.#latest = undefined;
    await latest?.directory.close();
  }

  /** The same, the caller's to close. */
  async open(parts: readonly string[]): Promise<FileHandle> {
    try {
      return await openBelow(this.view, [this.#base, ...parts].join('/'));
    } catch (error) {
      if (!hasCode(error, 'ENOENT') || parts.length === 0) throw error;
    }
    const parent = await this.open(parts.slice(0, -1));
    try {
      const path = childOf(parent, parts.at(-1) ?? '');
      try {
        await mkdir(path, { mode: IMPLIED_MODE });
        const owner = this.view.idOffset(parent.fd);
        if (owner > 0) await lchown(path, owner, owner);
      } catch (error) {
        // Somebody else was faster; or it is a link that leads nowhere, and opening it says so.
        if (!hasCode(error, 'EEXIST')) throw error;
      }
      return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    } finally {
      await parent.close();
    }
  }
}

async function openBelow(view: FilesView, path: string): Promise<FileHandle> {
  const fd = openInOpenRoot(view.root, Buffer.from(path || '/', 'latin1'), O_PATH | O_DIRECTORY);
  try {
    return await open(`/proc/self/fd/${fd}`, O_RDONLY | O_DIRECTORY);
  } finally {
    closeSync(fd);
  }
}

/** A path that begins at an open directory, wherever that has been moved to. The name has one character a byte. */
export const childOf = (directory: FileHandle, name: string): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${directory.fd}/`), Buffer.from(name, 'latin1')]);
