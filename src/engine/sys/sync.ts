import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

type AsyncCall = { async(fd: number, done: (error: unknown, result: number) => void): void };
let call: AsyncCall | undefined;

/**
 * syncfs(2): everything written so far to the filesystem that holds `path` is on the disk when this resolves. It can
 * take long, so it runs on a thread of its own.
 *
 * @throws Error if the disk failed (the call's errno stays in that thread)
 */
export async function syncFilesystem(path: string): Promise<void> {
  call ??= koffi.load('libc.so.6').func('int syncfs(int fd)') as unknown as AsyncCall;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const fd = openSync(path, 'r');
  try {
    call.async(fd, (error, result) => (error instanceof Error ? reject(error) : resolve(result)));
    if ((await promise) !== 0) throw new Error(`syncfs ${path}: the disk refused`);
  } finally {
    closeSync(fd);
  }
}
