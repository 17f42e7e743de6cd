import type { Readable } from 'node:stream';

/** Longer than any line of QMP's or the guest's; what is longer is a fault on the other side. */
const MAX_LINE_CHARACTERS = 1024 * 1024;

/** Calls `onLine` for each complete, non-empty line of a stream; destroys a stream that sends an endless one. */
export function lines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS) stream.destroy(new Error('a line of more than 1 MiB'));
    for (const part of parts) {
      const line = part.trimEnd();
      if (line !== '') onLine(line);
    }
  });
}
