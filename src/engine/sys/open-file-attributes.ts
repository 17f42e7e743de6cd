import { hasCode } from './errno.ts';
import { libcFunction } from './ffi.ts';

/* Extended attributes by open file: nobody can put another file in its place meanwhile. */

const flistxattr: (fd: number, list: Uint8Array, size: number) => number = libcFunction(
  'long flistxattr(int fd, _Out_ void *list, size_t size)',
);
const fgetxattr: (fd: number, name: string, value: Uint8Array, size: number) => number = libcFunction(
  'long fgetxattr(int fd, const char *name, _Out_ void *value, size_t size)',
);
const fsetxattr: (fd: number, name: string, value: Uint8Array, size: number, flags: number) => number =
  libcFunction('int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)');

/** XATTR_SIZE_MAX and XATTR_LIST_MAX in linux/limits.h. */
const XATTR_MAX = 65_536;
let space: Buffer | undefined;
const room = (): Buffer => (space ??= Buffer.alloc(XATTR_MAX));

/** overlayfs's own notes are nobody else's business, and no other filesystem's. */
const PRIVATE = /^(?:trusted|user)\.overlay\./;

/** Whether it is one of overlayfs's own notes, by which a file could be hidden or another layer's shown. */
export const isOverlayAttribute = (name: string): boolean => PRIVATE.test(name);

/** The extended attributes of an open file but overlayfs's own. @throws SyscallError */
export function readAttributes(fd: number): Map<string, Buffer> {
  const buffer = room();
  const found = new Map<string, Buffer>();
  for (const name of namesOf(fd)) {
    if (PRIVATE.test(name)) continue;
    try {
      found.set(name, Buffer.from(buffer.subarray(0, fgetxattr(fd, name, buffer, buffer.length))));
    } catch (error) {
      if (!hasCode(error, 'ENODATA')) throw error; // Somebody has taken it away meanwhile.
    }
  }
  return found;
}

/** One attribute of an open file, overlayfs's own too; undefined where there is none. @throws SyscallError */
export function readOwnAttribute(fd: number, name: string): Buffer | undefined {
  try {
    const buffer = room();
    return Buffer.from(buffer.subarray(0, fgetxattr(fd, name, buffer, buffer.length)));
  } catch (error) {
    if (hasCode(error, 'ENODATA', 'ENOTSUP', 'EOPNOTSUPP')) return undefined;
    throw error;
  }
}

/** Sets an attribute of an open file. @throws SyscallError (ENOTSUP, EPERM, ENOSPC…) */
export function setAttribute(fd: number, name: string, value: Buffer): void {
  fsetxattr(fd, name, value, value.length, 0);
}

/** Gives one open file the extended attributes of another. @throws SyscallError (ENOSPC, ENOTSUP…) */
export function copyAttributes(from: number, to: number): void {
  const buffer = room();
  for (const name of namesOf(from)) {
    if (PRIVATE.test(name)) continue;
    const size = fgetxattr(from, name, buffer, buffer.length);
    fsetxattr(to, name, buffer, size, 0);
  }
}

function namesOf(fd: number): string[] {
  try {
    const buffer = room();
    const size = flistxattr(fd, buffer, buffer.length);
    return buffer.subarray(0, size).toString('utf8').split('\0').filter(Boolean);
  } catch (error) {
    if (hasCode(error, 'ENOTSUP', 'EOPNOTSUPP')) return [];
    throw error;
  }
}
