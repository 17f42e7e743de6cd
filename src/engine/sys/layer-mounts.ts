import { mkdtempSync, rmSync, rmdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SyscallError, hasCode } from './errno.ts';
import { withLoopDevice } from './loop-device.ts';
import {
  MNT_DETACH,
  MS,
  OPEN_TREE_CLONE,
  createMount,
  mount,
  mountFilesystem,
  openTree,
  unmount,
} from './mount.ts';
import type { FilesystemOption } from './mount.ts';

/*
 * The two mounts that container roots are made of. The guest that Wherry composes has a kernel that takes both the short
 * way; hosts that run an older one are asked first, and what they answer is remembered.
 */

/** "Block device required"; libuv has no name for it. */
const ENOTBLK = 15;

/** How the kernel takes them; undefined until it has been asked. */
const known: { filesAreMounted?: boolean; lowersAreAppended?: boolean } = {};

/** Mounts an EROFS file, through a loop device where the kernel is older than 6.12 or built without that. @throws SyscallError */
export function mountErofs(file: string, target: string): void {
  if (known.filesAreMounted !== false) {
    try {
      mountFilesystem('erofs', target, [['source', file], ['ro']]);
      known.filesAreMounted = true;
      return;
    } catch (error) {
      if (!(error instanceof SyscallError) || error.errno !== ENOTBLK) throw error;
      known.filesAreMounted = false;
    }
  }
  mountErofsByLoop(file, target);
}

/** The way of kernels before 6.12. @throws SyscallError */
export function mountErofsByLoop(file: string, target: string): void {
  withLoopDevice(file, (device) => mount(device, target, 'erofs', MS.RDONLY));
}

export interface OverlayParts {
  /** The topmost first; without {@link writable} at least two. */
  readonly lowers: readonly string[];
  /** Without these it is read-only. */
  readonly writable?: { readonly upper: string; readonly work: string } | undefined;
}

/** Mounts an overlay; by mount(2) where the kernel has no `lowerdir+` (before 6.8). @throws SyscallError */
export function mountOverlay(target: string, parts: OverlayParts): void {
  byEither(
    () => mountFilesystem('overlay', target, overlayOptions(parts)),
    () => mountOverlayByText(target, parts),
  );
}

/** An overlay that is nowhere and goes with the fd that is returned. @throws SyscallError */
export function detachedOverlay(parts: OverlayParts): number {
  return byEither(
    () => createMount('overlay', overlayOptions(parts)),
    () => detachedOverlayByText(parts),
  );
}

function byEither<T>(appending: () => T, text: () => T): T {
  if (known.lowersAreAppended !== false) {
    try {
      const result = appending();
      known.lowersAreAppended = true;
      return result;
    } catch (error) {
      // The answer to an option that it doesn't know, but also to others: mount(2) says the same to those.
      if (known.lowersAreAppended === true || !hasCode(error, 'EINVAL')) throw error;
    }
  }
  const result = text();
  known.lowersAreAppended = false;
  return result;
}

function overlayOptions({ lowers, writable }: OverlayParts): FilesystemOption[] {
  const own =
    writable === undefined
      ? []
      : [['upperdir', writable.upper] as const, ['workdir', writable.work] as const];
  return [['source', 'overlay'], ...lowers.map((lower) => ['lowerdir+', lower] as const), ...own];
}

/**
 * The way of kernels before 6.8. All options together may take a page (mount(2)), which fifty paths would fill: they
 * are named by numbers, relative to a directory of symbolic links that is needed for the call alone. Nothing else runs
 * in this process while its working directory is another.
 *
 * @throws SyscallError
 */
export function mountOverlayByText(target: string, { lowers, writable }: OverlayParts): void {
  const directory = mkdtempSync(join(tmpdir(), 'overlay-'));
  const home = process.cwd();
  const named = (name: string, path: string): string => {
    symlinkSync(path, join(directory, name));
    return name;
  };
  try {
    const options = [`lowerdir=${lowers.map((lower, at) => named(String(at), lower)).join(':')}`];
    if (writable !== undefined) {
      options.push(`upperdir=${named('u', writable.upper)}`, `workdir=${named('w', writable.work)}`);
    }
    process.chdir(directory);
    mount('overlay', target, 'overlay', 0, options.join(','));
  } finally {
    process.chdir(home);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** {@link detachedOverlay} in the way of kernels before 6.8. @throws SyscallError */
export function detachedOverlayByText(parts: OverlayParts): number {
  const point = mkdtempSync(join(tmpdir(), 'lowers-'));
  try {
    mountOverlayByText(point, parts);
    try {
      return openTree(point, OPEN_TREE_CLONE);
    } finally {
      unmount(point, MNT_DETACH);
    }
  } finally {
    rmdirSync(point);
  }
}
