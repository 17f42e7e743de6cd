import { closeSync } from 'node:fs';
import { libcFunction, systemCall } from './ffi.ts';

/** mount(2), umount2(2). Values from linux/mount.h. */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  REMOUNT: 32,
  NOATIME: 1024,
  BIND: 4096,
  MOVE: 8192,
  REC: 16_384,
  UNBINDABLE: 1 << 17,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
} as const;

export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

const mountCall: (a: string | null, b: string, c: string | null, d: number, e: string | null) => number =
  libcFunction(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
  );
const umountCall: (target: string, flags: number) => number = libcFunction(
  'int umount2(const char *target, int flags)',
);

/** mount(2). @throws SyscallError */
export function mount(
  source: string | null,
  target: string,
  type: string | null,
  flags = 0,
  data = '',
): void {
  mountCall(source, target, type, flags, data === '' ? null : data);
}

/** Makes `target` show what `source` is; a file onto a file, a directory onto a directory. @throws SyscallError */
export function bindMount(source: string, target: string, recursive = false): void {
  mountCall(source, target, null, MS.BIND | (recursive ? MS.REC : 0), null);
}

/** umount2(2); symbolic links are not followed. @throws SyscallError (EINVAL: not a mount point) */
export function unmount(target: string, flags = 0): void {
  umountCall(target, flags | UMOUNT_NOFOLLOW);
}

const pivotRootCall: (newRoot: string, putOld: string) => number = libcFunction(
  'int pivot_root(const char *newRoot, const char *putOld)',
);
const chdirCall: (path: string) => number = libcFunction('int chdir(const char *path)');

/**
 * Makes a mount point the root of the calling thread's mount namespace and lets everything else in that namespace go
 * (pivot_root(2), "pivot_root(".", ".")"). The namespace has to be the thread's own, its mounts private.
 *
 * @throws SyscallError
 */
export function makeRoot(mountPoint: string): void {
  chdirCall(mountPoint);
  pivotRootCall('.', '.');
  umountCall('.', MNT_DETACH);
}

/*
 * The mount API of Linux 5.2 and later (fsopen(2), fsconfig(2), fsmount(2), move_mount(2), open_tree(2),
 * mount_setattr(2)). The numbers are the same on x86-64 and arm64 (asm-generic/unistd.h).
 */
const fsopenCall: (fs: string, flags: number) => number = systemCall(
  'fsopen',
  430,
  'const char *fs, unsigned int flags',
);
const fsconfigText: (a: number, b: number, c: string | null, d: string | null, e: number) => number =
  systemCall('fsconfig', 431, 'int fd, unsigned int command, const char *key, const char *value, int aux');
const fsmountCall: (fd: number, flags: number, attributes: number) => number = systemCall(
  'fsmount',
  432,
  'int fd, unsigned int flags, unsigned int attributes',
);
const moveMountCall: (fromFd: number, from: string, toFd: number, to: string, flags: number) => number =
  systemCall('move_mount', 429, 'int fromFd, const char *from, int toFd, const char *to, unsigned int flags');
const openTreeCall: (fd: number, path: string, flags: number) => number = systemCall(
  'open_tree',
  428,
  'int fd, const char *path, unsigned int flags',
);
const mountSetattrCall: (fd: number, path: string, flags: number, attr: Uint8Array, size: number) => number =
  systemCall(
    'mount_setattr',
    442,
    'int fd, const char *path, unsigned int flags, const void *attr, size_t size',
  );

const AT_FDCWD = -100;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_SET_FD = 5;
const FSCONFIG_CMD_CREATE = 6;

export const MOUNT_ATTR = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  NOATIME: 0x10,
  IDMAP: 0x10_0000,
} as const;
export const OPEN_TREE_CLONE = 1;
export const AT_EMPTY_PATH = 0x1000;
export const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLOEXEC = 0o2000000;

/**
 * One option of a filesystem: a flag (`['ro']`), a string (`['lowerdir+', '/x']`, any number of times where the
 * filesystem appends), or an open file (`['lowerdir+', 7]`, Linux 6.13 and later).
 */
export type FilesystemOption = readonly [key: string, value?: string | number];

/**
 * A new, detached mount of a filesystem: the caller moves it into place with {@link moveMount} and closes the fd.
 *
 * @param attributes an OR of {@link MOUNT_ATTR}
 * @throws SyscallError naming the option that the kernel refused
 */
export function createMount(type: string, options: readonly FilesystemOption[], attributes = 0): number {
  const context = fsopenCall(type, FSOPEN_CLOEXEC);
  try {
    for (const [key, value] of options) {
      if (value === undefined) fsconfigText(context, FSCONFIG_SET_FLAG, key, null, 0);
      else if (typeof value === 'number') fsconfigText(context, FSCONFIG_SET_FD, key, null, value);
      else fsconfigText(context, FSCONFIG_SET_STRING, key, value, 0);
    }
    fsconfigText(context, FSCONFIG_CMD_CREATE, null, null, 0);
    return fsmountCall(context, FSMOUNT_CLOEXEC, attributes);
  } finally {
    closeSync(context);
  }
}

/** Attaches a detached mount. @throws SyscallError */
export function moveMount(mountFd: number, target: string): void {
  moveMountCall(mountFd, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
}

/** {@link createMount} and {@link moveMount} in one. @throws SyscallError */
export function mountFilesystem(
  type: string,
  target: string,
  options: readonly FilesystemOption[],
  attributes = 0,
): void {
  const fd = createMount(type, options, attributes);
  try {
    moveMount(fd, target);
  } finally {
    closeSync(fd);
  }
}

/** open_tree(2): with {@link OPEN_TREE_CLONE} a detached copy of the mount at `path`. Returns an fd. @throws SyscallError */
export function openTree(path: string, flags: number): number {
  return openTreeCall(AT_FDCWD, path, flags | OPEN_TREE_CLOEXEC);
}

/**
 * Makes `target` show what `source` is, with other owners: ids of the filesystem are taken for ids of the user namespace
 * that is open as `usernsFd` (mount_setattr(2), MOUNT_ATTR_IDMAP). Whatever is mounted below `source` is left out.
 *
 * @throws SyscallError
 */
export function idmappedMount(source: string, target: string, usernsFd: number): void {
  const fd = openTree(source, OPEN_TREE_CLONE);
  try {
    setMountAttributes(fd, { set: MOUNT_ATTR.IDMAP, usernsFd });
    moveMount(fd, target);
  } finally {
    closeSync(fd);
  }
}

/** mount_setattr(2) on an fd of {@link openTree} or {@link createMount}. @throws SyscallError */
export function setMountAttributes(
  fd: number,
  change: { set?: number; clear?: number; propagation?: number; usernsFd?: number; recursive?: boolean },
): void {
  const attr = Buffer.alloc(32); // struct mount_attr, MOUNT_ATTR_SIZE_VER0: four __u64
  attr.writeBigUInt64LE(BigInt(change.set ?? 0), 0);
  attr.writeBigUInt64LE(BigInt(change.clear ?? 0), 8);
  attr.writeBigUInt64LE(BigInt(change.propagation ?? 0), 16);
  attr.writeBigUInt64LE(BigInt(change.usernsFd ?? 0), 24);
  mountSetattrCall(fd, '', AT_EMPTY_PATH | (change.recursive === true ? AT_RECURSIVE : 0), attr, attr.length);
}
