import {
  closeSync,
  constants,
  lchownSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hasCode } from '../../sys/errno.ts';
import { MOUNT_ATTR, MS, bindMount, makeRoot, mount, setMountAttributes } from '../../sys/mount.ts';
import { CLONE, setns, unshare } from '../../sys/namespaces.ts';
import { O_PATH, openInOpenRoot } from '../../sys/open-in-root.ts';
import type { IdRange } from '../../sys/user-namespace.ts';

const { O_DIRECTORY, O_RDONLY } = constants;

/** Something that a container has mounted over its root filesystem. */
export interface ViewMount {
  /** A path of the VM. */
  readonly source: string;
  /** Where in the container. */
  readonly destination: string;
  readonly writable: boolean;
}

/**
 * A container's files as they are without its processes: its root filesystem with its volumes, in a mount namespace
 * that nobody runs in. It lasts as long as its fds are open, so that nothing stays mounted when the engine dies.
 */
export interface FilesView {
  /** The root directory (O_PATH). Whatever is looked up by it stays in the view: use `openInOpenRoot`. */
  readonly root: number;
  /** Which mount holds an open file; undefined for the root filesystem. */
  mountOf(fd: number): ViewMount | undefined;
  /** What to add to a user or group id of the container's to write it where an open file is. */
  idOffset(fd: number): number;
  /** An id that a file has here as the container sees it. */
  readonly insideId: (id: number) => number;
  close(): void;
}

/** A container that has the VM's ids. */
const SAME_IDS: IdRange = { first: 0, size: 2 ** 32 };

/** Devices can't be opened here, whatever a container or an archive makes of a name. */
const HARMLESS = MOUNT_ATTR.NODEV | MOUNT_ATTR.NOSUID | MOUNT_ATTR.NOEXEC;

/**
 * Opens a view. All of it happens in one turn of the event loop, while the main thread is in the new namespace; libuv's
 * threads never are, and need not be: they work on what the fds lead to.
 *
 * @param merged the container's root filesystem, a mount point
 * @param readOnly nothing can be changed through the view, access times included
 * @param ids what ids the root filesystem has in place of the container's; volumes have the container's own on the disk
 * @throws SyscallError
 */
export function openView(
  merged: string,
  mounts: readonly ViewMount[],
  readOnly: boolean,
  ids: IdRange = SAME_IDS,
): FilesView {
  const here = openSync('/proc/self/ns/mnt', O_RDONLY);
  const opened: number[] = [];
  const close = (): void => {
    for (const fd of opened.splice(0)) closeSync(fd);
  };
  unshare(CLONE.NEWNS);
  try {
    mount(null, '/', null, MS.REC | MS.PRIVATE);
    const namespace = openSync('/proc/self/ns/mnt', O_RDONLY);
    opened.push(namespace);
    const root = openSync(merged, O_PATH | O_DIRECTORY);
    opened.push(root);
    const known = new Map<string, ViewMount>();
    const mountOf = (fd: number): ViewMount | undefined => known.get(mountId(fd));
    const idOffset = (fd: number): number => (ids.first > 0 && mountOf(fd) === undefined ? ids.first : 0);
    for (const each of byDepth(mounts)) known.set(addMount(root, each, idOffset), each);
    setMountAttributes(root, { set: HARMLESS | (readOnly ? READ_ONLY : 0), recursive: true });
    makeRoot(merged);
    const insideId = (id: number): number =>
      id >= ids.first && id < ids.first + ids.size ? id - ids.first : id;
    return { root, mountOf, idOffset, insideId, close };
  } catch (error) {
    close();
    throw error;
  } finally {
    setns(here, CLONE.NEWNS);
    closeSync(here);
  }
}

const READ_ONLY = MOUNT_ATTR.RDONLY;

/** A mount below another one comes after it. */
function byDepth(mounts: readonly ViewMount[]): ViewMount[] {
  const depth = ({ destination }: ViewMount): number => destination.split('/').filter(Boolean).length;
  return [...mounts].sort((a, b) => depth(a) - depth(b));
}

/** @returns the id of the mount it has made */
function addMount(
  root: number,
  { source, destination, writable }: ViewMount,
  idOffset: (fd: number) => number,
): string {
  const target = openMountPoint(root, destination, statSync(source).isDirectory(), idOffset);
  try {
    bindMount(source, `/proc/self/fd/${target}`);
  } finally {
    closeSync(target);
  }
  const mounted = openInOpenRoot(root, destination, O_PATH);
  try {
    if (!writable) setMountAttributes(mounted, { set: READ_ONLY });
    return mountId(mounted);
  } finally {
    closeSync(mounted);
  }
}

/** The place of a mount, made if it isn't there, as the runtime does when the container starts. */
function openMountPoint(
  root: number,
  path: string,
  directory: boolean,
  idOffset: (fd: number) => number,
): number {
  try {
    return openInOpenRoot(root, path, O_PATH);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  const slash = path.replace(/\/+$/, '').lastIndexOf('/');
  const parent = openMountPoint(root, path.slice(0, slash) || '/', true, idOffset);
  try {
    const own = `/proc/self/fd/${parent}/${path.slice(slash + 1)}`;
    if (directory) mkdirSync(own, { mode: 0o755 });
    else writeFileSync(own, '', { mode: 0o644, flag: 'wx' });
    const owner = idOffset(parent);
    if (owner > 0) lchownSync(own, owner, owner);
  } finally {
    closeSync(parent);
  }
  return openInOpenRoot(root, path, O_PATH);
}

/** The `mnt_id` of proc_pid_fdinfo(5). */
function mountId(fd: number): string {
  return /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
}
