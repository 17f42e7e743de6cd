import type { Writable } from 'node:stream';
import { drained } from './drained.ts';
import type { ApiRequest, ApiResponse } from './route.ts';

/** Sends an archive as fast as the client takes it. Nothing is sent before the first of it is there. */
export async function sendArchive(
  archive: AsyncGenerator<Buffer>,
  request: ApiRequest,
  response: ApiResponse,
): Promise<void> {
  let stream: Writable | undefined;
  for await (const chunk of archive) {
    stream ??= response.stream(200, 'application/x-tar');
    if (!stream.write(chunk)) await drained(stream, request.signal);
    if (request.signal.aborted) return; // Nobody is left to be told.
  }
  (stream ?? response.stream(200, 'application/x-tar')).end();
}
