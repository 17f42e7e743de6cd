import type { Readable } from 'node:stream';

/** Everything until the stream's readable half ends; unlike stream/consumers it leaves the writable half open. */
export function text(stream: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = '';
    stream.on('data', (chunk: Buffer) => (all += chunk.toString()));
    stream.once('end', () => resolve(all));
    stream.once('error', reject);
  });
}
