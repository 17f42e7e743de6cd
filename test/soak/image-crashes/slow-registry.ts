import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { MANIFEST_TYPE, type CrashImage } from './images.ts';

/** A registry of a few images that gives each connection no more than so many bytes a second. */
export interface SlowRegistry {
  readonly port: number;
  /** Requests for a part of a blob. */
  readonly rangesAsked: () => number;
  stop(): Promise<void>;
}

const SLICE_MS = 25;

/** Serves `/v2/crash/NAME` with the tag `1` on a port of the loopback. */
export async function startSlowRegistry(
  images: readonly CrashImage[],
  bytesPerSecond: number,
): Promise<SlowRegistry> {
  const blobs = new Map(
    images.flatMap(({ id, config, layers }) => [
      [id, config] as const,
      ...layers.map(({ digest, bytes }) => [digest, bytes] as const),
    ]),
  );
  let ranges = 0;
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    const last = url.split('/').at(-1) ?? '';
    const image = images.find(({ name }) => url.startsWith(`/v2/crash/${name}/manifests/`));
    const blob = url.includes('/blobs/') ? blobs.get(last) : undefined;
    if (url === '/v2/') response.writeHead(200).end();
    else if (image !== undefined) {
      response.writeHead(200, { 'content-type': MANIFEST_TYPE }).end(image.manifest.bytes);
    } else if (blob === undefined) response.writeHead(404).end();
    else {
      if (request.headers.range !== undefined) ranges += 1;
      // Whoever pulls is killed in the middle of it.
      sendSlowly(request, response, blob, bytesPerSecond).catch(() => response.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    rangesAsked: () => ranges,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function sendSlowly(
  request: IncomingMessage,
  response: ServerResponse,
  blob: Buffer,
  bytesPerSecond: number,
): Promise<void> {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const rest = blob.subarray(start);
  response.writeHead(start === 0 ? 200 : 206, {
    'content-length': rest.length,
    ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}` }),
  });
  await pipeline(Readable.from(slices(rest, (bytesPerSecond * SLICE_MS) / 1000)), response);
}

async function* slices(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    if (at > 0) await delay(SLICE_MS);
    yield bytes.subarray(at, at + size);
  }
}
