import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { Stats } from 'node:fs';
import type { ClosedDirectory } from '../closed-directory.ts';
import { STATUS } from './wire.ts';

/** Refused, with a code of SFTP's. */
export class SftpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'SftpError';
    this.status = status;
  }
}

/**
 * The host's paths of a share's. `/` is its root; symlinks are the guest's to follow: one that leads out of the root
 * isn't followed here, and the last name never is.
 */
export class ShareTree {
  readonly #root: string;
  readonly #closed: ClosedDirectory | undefined;
  readonly #windows: boolean;

  /**
   * @param root without symlinks
   * @param closed what isn't shared even where it is below the root
   */
  constructor(root: string, closed?: ClosedDirectory, windows = process.platform === 'win32') {
    this.#root = root;
    this.#closed = closed;
    this.#windows = windows;
  }

  /**
   * @param look only its attributes are wanted: what is closed can be seen, from outside
   * @throws SftpError for what isn't below the root; the filesystem's errors for a parent that isn't there
   */
  async resolve(path: string, look = false): Promise<string> {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    if (names.some((name) => !this.#isName(name))) throw denied(path);
    const real = names.length === 0 ? this.#root : await this.#below(names, path);
    const place = this.#closed?.place(real) ?? 'outside';
    if (place === 'outside' || (look && place === 'itself')) return real;
    throw denied(path);
  }

  /** The same for what is to be moved, replaced or removed: not what Wherry's own directory is in. */
  async resolveMovable(path: string): Promise<string> {
    const there = await this.resolve(path);
    if (this.#closed?.isOnTheWay(there) !== true) return there;
    throw new SftpError(
      STATUS.PERMISSION_DENIED,
      `${path} leads to Wherry's own directory: it stays in its place`,
    );
  }

  async #below(names: readonly string[], path: string): Promise<string> {
    const there = join(this.#root, ...names);
    const parent = await realpath(dirname(there));
    if (!isBelow(this.#root, parent)) throw denied(path);
    return join(parent, basename(there));
  }

  /** The same for something that must not be a symlink, because the call to come would follow it. */
  async resolvePlain(path: string): Promise<{ readonly there: string; readonly stats: Stats }> {
    const there = await this.resolve(path);
    const stats = await lstat(there);
    if (stats.isSymbolicLink()) throw new SftpError(STATUS.OP_UNSUPPORTED, `${path} is a symlink`);
    return { there, stats };
  }

  /** Windows takes more than `/` for a separator, and a colon for a stream of a file's. */
  #isName(name: string): boolean {
    return name !== '..' && !name.includes('\0') && !(this.#windows && /[\\:]/.test(name));
  }
}

const isBelow = (root: string, path: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

const denied = (path: string): SftpError =>
  new SftpError(STATUS.PERMISSION_DENIED, `${path} is outside of what is shared`);
