import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, basename } from 'node:path';
import {
  AF_UNIX,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  connect,
  socket,
  unixAddress,
} from './socket.ts';

/** What Node's own `net` makes of a unix socket; `process.binding` is the only way to give it an fd of this type. */
interface PipeWrap {
  readonly Pipe: new (type: number) => { open(fd: number): number };
  readonly constants: { readonly SOCKET: number };
}

function pipeWrap(): PipeWrap {
  return (process as unknown as { binding(name: string): PipeWrap }).binding('pipe_wrap');
}

const LONGEST_PATH = 107;

/**
 * Connects to an AF_UNIX SOCK_SEQPACKET socket. Each `data` event is one packet; each write is one packet only if the
 * caller waits for its callback before the next (Node joins queued writes). `end()` half-closes.
 *
 * @throws SyscallError when nobody listens there
 */
export function connectSeqpacket(path: string): Socket {
  const fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  try {
    connectTo(fd, path);
    const { Pipe, constants: kinds } = pipeWrap();
    const handle = new Pipe(kinds.SOCKET);
    handle.open(fd);
    return new Socket({ handle, allowHalfOpen: true, readable: true, writable: true } as object);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function connectTo(fd: number, path: string): void {
  if (Buffer.byteLength(path) <= LONGEST_PATH) {
    const address = unixAddress(path);
    connect(fd, address, address.length);
    return;
  }
  // sockaddr_un is short; a directory's fd gives every socket in it a short name.
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const address = unixAddress(`/proc/self/fd/${directory}/${basename(path)}`);
    connect(fd, address, address.length);
  } finally {
    closeSync(directory);
  }
}
