import { closeSync, openSync } from 'node:fs';
import { hasCode } from './errno.ts';
import { libcFunction, systemCall } from './ffi.ts';

/*
 * Project quota of ext4 (ext4(5), quotactl(2)): a directory carries a project's number, everything made in it inherits
 * that, and the filesystem counts and limits the blocks of each project.
 */

/** linux/fs.h: _IOR('X', 31, struct fsxattr) and _IOW('X', 32, struct fsxattr), which is 28 bytes. */
const FS_IOC_FSGETXATTR = 0x801c_581f;
const FS_IOC_FSSETXATTR = 0x401c_5820;
const FSXATTR_SIZE = 28;
const XFLAGS_AT = 0;
const PROJECT_AT = 12;
const FS_XFLAG_PROJINHERIT = 0x200;

/** linux/quota.h. */
const PRJQUOTA = 2;
const command = (name: number): number => ((name << 8) | PRJQUOTA) >>> 0;
const Q_GETFMT = 0x80_0004;
const Q_SETQUOTA = 0x80_0008;
/** struct if_dqblk: eight 64-bit fields, then which of them count. */
const DQBLK_SIZE = 72;
const HARD_BLOCKS_AT = 0;
const SOFT_BLOCKS_AT = 8;
const VALID_AT = 64;
const QIF_BLIMITS = 1;
const BLOCK = 1024;

const ioctl: (fd: number, request: number, value: Uint8Array) => number = libcFunction(
  'int ioctl(int fd, unsigned long request, _Inout_ void *value)',
);
/** Linux 5.14; the same number on every architecture. */
const quotactl: (fd: number, command: number, id: number, value: Uint8Array) => number = systemCall(
  'quotactl_fd',
  443,
  'unsigned int fd, unsigned int command, unsigned int id, _Inout_ void *value',
);

/** Whether the filesystem that holds a directory counts by project. */
export function hasProjectQuota(directory: string): boolean {
  return withOpen(directory, (fd) => {
    try {
      quotactl(fd, command(Q_GETFMT), 0, Buffer.alloc(4));
      return true;
    } catch (error) {
      // ESRCH: it's off; the others: the filesystem, or the kernel, has none.
      if (hasCode(error, 'ESRCH', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'EPERM')) return false;
      throw error;
    }
  });
}

/** The number of a directory's project; 0: none. @throws SyscallError (ENOTTY: the filesystem has no projects) */
export function projectOf(directory: string): number {
  return withOpen(directory, (fd) => attributesOf(fd).readUInt32LE(PROJECT_AT));
}

/** Puts a directory, and all that will be made in it, in a project. @throws SyscallError */
export function setProject(directory: string, project: number): void {
  withOpen(directory, (fd) => {
    const attributes = attributesOf(fd);
    attributes.writeUInt32LE((attributes.readUInt32LE(XFLAGS_AT) | FS_XFLAG_PROJINHERIT) >>> 0, XFLAGS_AT);
    attributes.writeUInt32LE(project, PROJECT_AT);
    ioctl(fd, FS_IOC_FSSETXATTR, attributes);
  });
}

/**
 * Limits what a project may hold, to whole KiB; 0: no limit.
 *
 * @param directory any on the filesystem
 * @throws SyscallError
 */
export function limitProject(directory: string, project: number, bytes: number): void {
  const limits = Buffer.alloc(DQBLK_SIZE);
  const blocks = BigInt(Math.floor(bytes / BLOCK));
  limits.writeBigUInt64LE(blocks, HARD_BLOCKS_AT);
  limits.writeBigUInt64LE(blocks, SOFT_BLOCKS_AT);
  limits.writeUInt32LE(QIF_BLIMITS, VALID_AT);
  withOpen(directory, (fd) => quotactl(fd, command(Q_SETQUOTA), project, limits));
}

function attributesOf(fd: number): Buffer {
  const attributes = Buffer.alloc(FSXATTR_SIZE);
  ioctl(fd, FS_IOC_FSGETXATTR, attributes);
  return attributes;
}

function withOpen<T>(directory: string, work: (fd: number) => T): T {
  const fd = openSync(directory, 'r');
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}
