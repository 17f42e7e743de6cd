import { closeSync, openSync } from 'node:fs';
import { hasCode } from './errno.ts';
import { libcFunction } from './ffi.ts';

/* Loop devices (loop(4), linux/loop.h): a file as a block device, for filesystems that take nothing else. */

const LOOP_CTL_GET_FREE = 0x4c82;
/** Linux 5.8. */
const LOOP_CONFIGURE = 0x4c0a;
/** struct loop_config: fd, block size (32 bits each), struct loop_info64 of 232 bytes, eight reserved 64-bit fields. */
const CONFIG_SIZE = 304;
const FLAGS_AT = 8 + 52;
const LO_FLAGS_READ_ONLY = 1;
const LO_FLAGS_AUTOCLEAR = 4;
/** Others may take the free one that the kernel named. */
const ATTEMPTS = 64;

const getFree: (fd: number, request: number) => number = libcFunction(
  'int ioctl(int fd, unsigned long request)',
);
const configure: (fd: number, request: number, config: Uint8Array) => number = libcFunction(
  'int ioctl(int fd, unsigned long request, const void *config)',
);

/**
 * Calls `use` with the path of a read-only block device that shows `file`. The kernel takes the device away with its
 * last user: a mount that `use` makes keeps it.
 *
 * @throws SyscallError, or Node's own where there is no /dev/loop-control
 */
export function withLoopDevice<T>(file: string, use: (device: string) => T): T {
  const backing = openSync(file, 'r');
  try {
    const { fd, path } = attach(backing);
    try {
      return use(path);
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(backing);
  }
}

function attach(backing: number): { readonly fd: number; readonly path: string } {
  const control = openSync('/dev/loop-control', 'r+');
  try {
    for (let attempt = 1; ; attempt += 1) {
      const path = `/dev/loop${getFree(control, LOOP_CTL_GET_FREE)}`;
      const fd = openSync(path, 'r');
      try {
        const config = Buffer.alloc(CONFIG_SIZE);
        config.writeUInt32LE(backing, 0);
        config.writeUInt32LE(LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR, FLAGS_AT);
        configure(fd, LOOP_CONFIGURE, config);
        return { fd, path };
      } catch (error) {
        closeSync(fd);
        if (!hasCode(error, 'EBUSY') || attempt === ATTEMPTS) throw error;
      }
    }
  } finally {
    closeSync(control);
  }
}
