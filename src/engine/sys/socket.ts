import { libcFunction } from './ffi.ts';

/** Values from the kernel's socket headers, the same on x86-64 and arm64. */
export const AF_UNIX = 1;
export const AF_NETLINK = 16;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_RCVTIMEO = 20;

/** socket(2). Returns an fd that the caller closes. @throws SyscallError */
export const socket: (family: number, type: number, protocol: number) => number = libcFunction(
  'int socket(int family, int type, int protocol)',
);

/** connect(2), the sockaddr as bytes. @throws SyscallError */
export const connect: (fd: number, address: Uint8Array, size: number) => number = libcFunction(
  'int connect(int fd, const void *address, unsigned int size)',
);

const sendCall: (fd: number, data: Uint8Array, size: number, flags: number) => number = libcFunction(
  'long send(int fd, const void *data, size_t size, int flags)',
);
const recvCall: (fd: number, data: Uint8Array, size: number, flags: number) => number = libcFunction(
  'long recv(int fd, _Out_ void *data, size_t size, int flags)',
);

/** send(2). Returns the bytes sent. @throws SyscallError */
export function send(fd: number, data: Uint8Array): number {
  return sendCall(fd, data, data.length, 0);
}

/** recv(2) into `buffer`. Returns the bytes received, 0 at the end. @throws SyscallError (EAGAIN after a timeout) */
export function receive(fd: number, buffer: Uint8Array): number {
  return recvCall(fd, buffer, buffer.length, 0);
}

/** setsockopt(2). @throws SyscallError */
export const setSocketOption: (
  fd: number,
  level: number,
  option: number,
  value: Uint8Array,
  size: number,
) => number = libcFunction(
  'int setsockopt(int fd, int level, int option, const void *value, unsigned int size)',
);

/** A `sockaddr_un` for {@link connect}. @throws RangeError for a path over 107 bytes */
export function unixAddress(path: string): Buffer {
  const bytes = Buffer.from(path, 'utf8');
  if (bytes.length > 107) throw new RangeError(`socket path over 107 bytes: ${path}`);
  const address = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(address, 2);
  return address;
}
