import { close, closeSync, write } from 'node:fs';
import { hasCode } from './errno.ts';
import { libcFunction } from './ffi.ts';

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
/** What anybody may ask for (`/proc/sys/fs/pipe-max-size`); 64 KiB is what pipes have by themselves. */
const WIDTH = 1024 * 1024;

const pipe2 = libcFunction('int pipe2(_Out_ void *fds, int flags)');
const fcntl = libcFunction('int fcntl(int fd, int command, int argument)');

export interface WidePipe {
  /** For a child's stdio. Whoever makes the pipe closes it, once the child has it. */
  readonly readFd: number;
  readonly writer: PipeWriter;
}

/** Writes in libuv's thread pool, where it waits for the reader. */
export class PipeWriter {
  readonly #fd: number;
  #writing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Resolves when the pipe has all of it: the memory can be used again. One at a time. @throws EPIPE */
  async write(bytes: Buffer): Promise<void> {
    // Its number may be another file's by now.
    if (this.#closed) throw new Error('the pipe is closed');
    this.#writing = this.#writeAll(bytes);
    await this.#writing;
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await new Promise<number>((resolve, reject) => {
        write(this.#fd, bytes, at, bytes.length - at, null, (error, written) =>
          error === null ? resolve(written) : reject(error),
        );
      });
    }
  }

  /** Closes it, once a write under way has ended: the reader has to read, or to be ended first. Once only. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing.catch(() => undefined); // whoever writes sees it
    await new Promise<void>((resolve, reject) => {
      close(this.#fd, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/**
 * A pipe(7) that holds a megabyte, for a child that gets much: under emulation each change between the two processes
 * costs more than the bytes do. Nor does the main thread copy them into it, as with Node's own pipes.
 *
 * @throws SyscallError EMFILE, ENFILE
 */
export function widePipe(): WidePipe {
  const fds = Buffer.alloc(8);
  pipe2(fds, O_CLOEXEC);
  const [readFd, writeFd] = [fds.readInt32LE(0), fds.readInt32LE(4)];
  try {
    widen(writeFd);
    return { readFd, writer: new PipeWriter(writeFd) };
  } catch (error) {
    closeSync(readFd);
    closeSync(writeFd);
    throw error;
  }
}

/** Narrow where the user has too much in pipes already (pipe(7), pipe-user-pages-soft): slower, and no less right. */
function widen(fd: number): void {
  try {
    fcntl(fd, F_SETPIPE_SZ, WIDTH);
  } catch (error) {
    if (!hasCode(error, 'EPERM')) throw error;
  }
}
