import type { Writable } from 'node:stream';

/**
 * Waits until a client has taken what it was sent, or has gone. `drain` alone would never come from one that closed
 * its connection, and `close` never from one that closed its half and reads no more: `signal` tells of that.
 */
export async function drained(stream: Writable, signal: AbortSignal): Promise<void> {
  if (signal.aborted || stream.closed || !stream.writableNeedDrain) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
    signal.addEventListener('abort', done);
  });
}
