import { createHash } from 'node:crypto';
import { mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { systemErrorCode } from '../../core/errors.ts';
import { hostPathOf } from '../../core/host-path.ts';
import { ClosedDirectory } from './closed-directory.ts';

/** A directory of the host's that a machine may have. */
export interface ShareRoot {
  /** Its name in the guest, made of its path and of what the machine may do there. */
  readonly key: string;
  /** Without symlinks. */
  readonly path: string;
  readonly writable: boolean;
}

/** Where something is: in which root, and below it, `/` between names, beginning with one. */
export interface Shared {
  readonly root: ShareRoot;
  readonly path: string;
}

/** Not for this machine, or not there; the message is for whoever wanted it. */
export class ShareRefused extends Error {
  override readonly name = 'ShareRefused';
}

export interface RootsOptions {
  /** `PATH[:ro|:rw]`, as machine.json has them; `~` is the home. */
  readonly mounts: readonly string[];
  readonly home: string;
  readonly machine: string;
  readonly windows: boolean;
  /** Shared with nobody. */
  readonly closed?: string | undefined;
}

/**
 * Finds the root that a bind's source is in. A symlink in the path is followed first, as far as there is something.
 *
 * @throws ShareRefused
 */
export async function findShared(source: string, create: boolean, options: RootsOptions): Promise<Shared> {
  const wanted = hostPathOf(source, options.windows);
  if (wanted === undefined)
    throw new ShareRefused(`invalid mount config: "${source}" is no absolute path of your computer`);
  const roots = await rootsOf(options);
  const real = await realOf(wanted);
  if (options.closed !== undefined && isClosed(options.closed, await realOf(options.closed), real)) {
    throw new ShareRefused(
      `invalid mount config: "${wanted}" is Wherry's own, with the machines' keys: it isn't shared`,
    );
  }
  const root = roots
    .filter(({ path }) => contains(path, real))
    .reduce<ShareRoot | undefined>(
      (best, next) => (best !== undefined && best.path.length >= next.path.length ? best : next),
      undefined,
    );
  if (root === undefined) throw outside(wanted, real, roots, options.machine);
  if (!(await exists(real))) {
    if (!create) {
      throw new ShareRefused(
        `invalid mount config for type "bind": bind source path does not exist: ${source}`,
      );
    }
    if (!root.writable)
      throw new ShareRefused(`"${wanted}" doesn't exist, and "${root.path}" is shared for reading only`);
    await mkdir(real, { recursive: true });
  }
  return { root, path: `/${relative(root.path, real).split(sep).join('/')}`.replace(/^\/$/, '/') };
}

/** Those of the machine's that are there. */
export async function rootsOf({ mounts, home }: Pick<RootsOptions, 'mounts' | 'home'>): Promise<ShareRoot[]> {
  const found = await Promise.all(
    mounts.map(async (entry): Promise<ShareRoot[]> => {
      const [, given = entry, mode = 'rw'] = /^(.*?)(?::(ro|rw))?$/s.exec(entry) ?? [];
      const path = given === '~' ? home : given.replace(/^~(?=[\\/])/, home);
      if (!(await isDirectory(path))) return [];
      const real = await realpath(path);
      const writable = mode !== 'ro';
      const key = createHash('sha256').update(`${mode} ${real}`).digest('hex').slice(0, 16);
      return [{ key, path: real, writable }];
    }),
  );
  return found.flat();
}

/** The path with what there is of it resolved; what isn't there yet stands below that. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const up = dirname(path);
    if (systemErrorCode(error) !== 'ENOENT' || up === path) return resolve(path);
    return join(await realOf(up), path.slice(up.length).replace(/^[\\/]+/, ''));
  }
}

/** One that isn't there yet is known by its path alone. */
const isClosed = (closed: string, realClosed: string, real: string): boolean =>
  contains(realClosed, real) || new ClosedDirectory(closed).place(real) !== 'outside';

const contains = (root: string, path: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false, // Not there, or not for this user: nothing to share.
  );
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false, // A dangling symlink too.
  );

function outside(wanted: string, real: string, roots: readonly ShareRoot[], machine: string): ShareRefused {
  const name = real === wanted ? `"${wanted}"` : `"${wanted}" (${real})`;
  const list = roots.map(({ path }) => path).join(', ') || 'nothing';
  return new ShareRefused(
    `invalid mount config: ${name} is outside of what this machine shares with your computer (${list}). Share it with:  wherry machine set --mount-add ${wanted} --restart ${machine}`,
  );
}
