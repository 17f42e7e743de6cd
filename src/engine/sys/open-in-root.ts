import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemCall } from './ffi.ts';
import { SyscallError, hasCode } from './errno.ts';

/** openat2(2), Linux 5.6; the number is the same on x86-64 and arm64. */
const openat2: (fd: number, path: Uint8Array, how: Uint8Array, size: number) => number = systemCall(
  'openat2',
  437,
  'int fd, const void *path, const void *how, size_t size',
);

const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;

/**
 * Opens a file as a process would that has `root` as its root directory: no symbolic link and no `..` leads out.
 * Returns an fd that the caller closes. @throws SyscallError
 */
export function openInRoot(root: string, path: string, flags: number): number {
  const rootFd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return openInOpenRoot(rootFd, path, flags);
  } finally {
    closeSync(rootFd);
  }
}

/** The kernel gives up with EAGAIN where something is being renamed while it looks at a `..` (openat2(2)). */
const ATTEMPTS = 128;

/**
 * {@link openInRoot} with the root as an open directory (O_PATH suffices), and a path of any bytes.
 *
 * @param path absolute or not, it counts from the root
 */
export function openInOpenRoot(rootFd: number, path: string | Buffer, flags: number): number {
  const bytes = Buffer.from(path as string);
  if (bytes.includes(0)) throw new SyscallError('openat2', EINVAL, '(a path with a NUL byte)');
  const how = Buffer.alloc(24); // struct open_how: flags, mode, resolve, each __u64
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
  for (let attempt = 1; ; attempt++) {
    try {
      return openat2(rootFd, Buffer.concat([bytes, NUL]), how, how.length);
    } catch (error) {
      if (!hasCode(error, 'EAGAIN') || attempt === ATTEMPTS) throw error;
    }
  }
}

const NUL = Buffer.alloc(1);
const EINVAL = 22;
/** Linux: an fd that stands for a file without opening it. */
export const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

/**
 * A small regular file's text, '' if there is none. Anything else under that name (a FIFO would block, a device never
 * ends) counts as none, and so does what is past `limit` bytes.
 */
export function readTextInRoot(root: string, path: string, limit = 1024 * 1024): string {
  let fd: number;
  try {
    fd = openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO')) return '';
    throw error;
  }
  try {
    if (!fstatSync(fd).isFile()) return '';
    const buffer = Buffer.alloc(Math.min(limit, fstatSync(fd).size));
    let size = 0;
    while (size < buffer.length) {
      const read = readSync(fd, buffer, size, buffer.length - size, null);
      if (read === 0) break;
      size += read;
    }
    return buffer.toString('utf8', 0, size);
  } finally {
    closeSync(fd);
  }
}
