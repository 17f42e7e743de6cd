import type { Stats } from 'node:fs';

/** Bits of Go's os.FileMode (its io/fs documentation), which Docker's API speaks in. */
export const GO_MODE = {
  DIR: 2 ** 31,
  SYMLINK: 2 ** 27,
  DEVICE: 2 ** 26,
  FIFO: 2 ** 25,
  SOCKET: 2 ** 24,
  SETUID: 2 ** 23,
  SETGID: 2 ** 22,
  CHAR_DEVICE: 2 ** 21,
  STICKY: 2 ** 20,
} as const;

/** A file's type and permissions as Go numbers them. */
export function goFileMode(stat: Stats): number {
  const type = stat.isDirectory()
    ? GO_MODE.DIR
    : stat.isSymbolicLink()
      ? GO_MODE.SYMLINK
      : stat.isBlockDevice()
        ? GO_MODE.DEVICE
        : stat.isCharacterDevice()
          ? GO_MODE.DEVICE + GO_MODE.CHAR_DEVICE
          : stat.isFIFO()
            ? GO_MODE.FIFO
            : stat.isSocket()
              ? GO_MODE.SOCKET
              : 0;
  const special =
    (stat.mode & 0o4000 ? GO_MODE.SETUID : 0) +
    (stat.mode & 0o2000 ? GO_MODE.SETGID : 0) +
    (stat.mode & 0o1000 ? GO_MODE.STICKY : 0);
  return type + special + (stat.mode & 0o777);
}
