import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemCall } from './ffi.ts';
import { hasCode } from './errno.ts';

/** openat2(2), Linux 5.6; the number is the same on x86-64 and arm64. */
const openat2: (fd: number, path: string, how: Uint8Array, size: number) => number = systemCall(
  'openat2',
  437,
  'int fd, const char *path, const void *how, size_t size',
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
    const how = Buffer.alloc(24); // struct open_how: flags, mode, resolve, each __u64
    how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
    how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
    return openat2(rootFd, path, how, how.length);
  } finally {
    closeSync(rootFd);
  }
}

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
