import { createReadStream } from 'node:fs';

/**
 * A file's bytes. It is opened when somebody asks for the first of them: a stream that is made and never read is never
 * closed, and keeps the room of a file that is removed.
 *
 * @param length how many of them; without it all
 */
export async function* fileBytes(file: string, length?: number): AsyncGenerator<Buffer> {
  if (length === 0) return;
  yield* createReadStream(file, {
    highWaterMark: 256 * 1024,
    ...(length === undefined ? {} : { end: length - 1 }),
  }) as AsyncIterable<Buffer>;
}
