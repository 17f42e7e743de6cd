import { libcFunction } from './ffi.ts';
import { hasCode } from './errno.ts';

/** S_IF* of stat(2). */
export const S_IF = { FIFO: 0o010000, CHR: 0o020000, BLK: 0o060000, REG: 0o100000, SOCK: 0o140000 } as const;

const mknodCall: (path: string, mode: number, device: number) => number = libcFunction(
  'int mknod(const char *path, unsigned int mode, unsigned long device)',
);

/** A device number as glibc's makedev(3) packs it. */
export function deviceNumber(major: number, minor: number): number {
  const low = (minor & 0xff) | ((major & 0xfff) << 8);
  const high = (BigInt(minor & 0xffffff00) << 12n) | (BigInt(major & ~0xfff) << 32n);
  return Number(high + BigInt(low));
}

/** The parts of a device number as glibc's major(3) and minor(3) unpack it. */
export function deviceMajor(device: number): number {
  const bits = BigInt(device);
  return Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n));
}

export function deviceMinor(device: number): number {
  const bits = BigInt(device);
  return Number((bits & 0xffn) | ((bits >> 12n) & 0xffffff00n));
}

/** mknod(2); the umask applies to `mode`'s permission bits. @throws SyscallError */
export function makeNode(path: string, mode: number, major = 0, minor = 0): void {
  mknodCall(path, mode, deviceNumber(major, minor));
}

const mknodatCall: (directory: number, name: Uint8Array, mode: number, device: number) => number =
  libcFunction('int mknodat(int directory, const void *name, unsigned int mode, unsigned long device)');

/** {@link makeNode} in an open directory; the name may be any bytes. @throws SyscallError */
export function makeNodeIn(directory: number, name: Buffer, mode: number, major = 0, minor = 0): void {
  mknodatCall(directory, Buffer.concat([name, Buffer.alloc(1)]), mode, deviceNumber(major, minor));
}

const readlinkatCall: (directory: number, path: string, target: Uint8Array, size: number) => number =
  libcFunction('long readlinkat(int directory, const char *path, _Out_ void *target, size_t size)');
const PATH_MAX = 4096;

/** Where a symbolic link leads that has been opened itself (O_PATH and O_NOFOLLOW). @throws SyscallError */
export function readOpenLink(fd: number): Buffer {
  const target = Buffer.alloc(PATH_MAX);
  return target.subarray(0, readlinkatCall(fd, '', target, target.length));
}

const lsetxattrCall: (path: string, name: string, value: Uint8Array, size: number, flags: number) => number =
  libcFunction(
    'int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)',
  );
const lgetxattrCall: (path: string, name: string, value: Uint8Array, size: number) => number = libcFunction(
  'long lgetxattr(const char *path, const char *name, _Out_ void *value, size_t size)',
);
const llistxattrCall: (path: string, list: Uint8Array, size: number) => number = libcFunction(
  'long llistxattr(const char *path, _Out_ void *list, size_t size)',
);
const lremovexattrCall: (path: string, name: string) => number = libcFunction(
  'int lremovexattr(const char *path, const char *name)',
);

/** The kernel's own limit for one value and for one list (XATTR_SIZE_MAX, XATTR_LIST_MAX in linux/limits.h). */
const XATTR_MAX = 65_536;

/** Sets an extended attribute; symbolic links are not followed. @throws SyscallError */
export function setXattr(path: string, name: string, value: Uint8Array): void {
  lsetxattrCall(path, name, value, value.length, 0);
}

/** The attribute's value, or undefined if the file hasn't got it. @throws SyscallError */
export function getXattr(path: string, name: string): Buffer | undefined {
  const buffer = Buffer.alloc(XATTR_MAX);
  try {
    return buffer.subarray(0, lgetxattrCall(path, name, buffer, buffer.length));
  } catch (error) {
    if (hasCode(error, 'ENODATA')) return undefined;
    throw error;
  }
}

/** Names of all extended attributes that the caller may see. @throws SyscallError */
export function listXattrs(path: string): string[] {
  const buffer = Buffer.alloc(XATTR_MAX);
  const size = llistxattrCall(path, buffer, buffer.length);
  return buffer.subarray(0, size).toString('utf8').split('\0').filter(Boolean);
}

/** @throws SyscallError (ENODATA: not there) */
export function removeXattr(path: string, name: string): void {
  lremovexattrCall(path, name);
}

const flockCall: (fd: number, operation: number) => number = libcFunction('int flock(int fd, int operation)');
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Takes an exclusive lock that ends with the open file; false if somebody else holds it. @throws SyscallError */
export function tryLock(fd: number): boolean {
  try {
    flockCall(fd, LOCK_EX | LOCK_NB);
    return true;
  } catch (error) {
    if (hasCode(error, 'EAGAIN', 'EWOULDBLOCK')) return false;
    throw error;
  }
}
