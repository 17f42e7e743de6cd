import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { TarEntry } from '../../../../src/image-builder/tar/entry.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';

export const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface Served {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Answers a request in its own way, or returns false to have the ordinary answer sent. */
export type Misbehaviour = (served: Served) => boolean;

/** A registry of one image, `test/image:1`, that a test can make misbehave. */
export interface FakeRegistry {
  readonly host: string;
  readonly url: string;
  readonly requests: { readonly url: string; readonly headers: IncomingMessage['headers'] }[];
  readonly manifestDigest: string;
  readonly layer: { readonly digest: string; readonly bytes: Buffer; readonly diffId: string };
  misbehave: Misbehaviour;
  stop(): Promise<void>;
}

export interface FakeImage {
  readonly entries: readonly TarEntry[];
  /** What is stored in place of the gzipped layer. */
  readonly layerBytes?: Buffer;
  readonly diffId?: string;
  readonly manifestType?: string;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

export async function startFakeRegistry(image: FakeImage): Promise<FakeRegistry> {
  const tar = layerTar(image.entries);
  const bytes = image.layerBytes ?? gzipSync(tar);
  const layer = { digest: sha256(bytes), bytes, diffId: image.diffId ?? sha256(tar) };
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['/x'] },
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: sha256(config),
        size: config.length,
      },
      layers: [
        {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest: layer.digest,
          size: bytes.length,
        },
      ],
    }),
  );
  const requests: FakeRegistry['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers });
    if (fake.misbehave({ request, response })) return;
    const name = (request.url ?? '').split('/').at(-1) ?? '';
    if (request.url?.includes('/manifests/') === true && ['1', 'latest', sha256(manifest)].includes(name)) {
      response.writeHead(200, { 'content-type': image.manifestType ?? MANIFEST }).end(manifest);
    } else if (name === sha256(config)) response.writeHead(200).end(config);
    else if (name === layer.digest) sendBlob(request, response, bytes);
    else response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const host = `127.0.0.1:${address.port}`;
  const fake: FakeRegistry = {
    host,
    url: `http://${host}`,
    requests,
    manifestDigest: sha256(manifest),
    layer,
    misbehave: () => false,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}

export function sendBlob(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = { 'content-length': bytes.length - start };
  if (start === 0) response.writeHead(200, headers);
  else
    response.writeHead(206, {
      ...headers,
      'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
    });
  response.end(bytes.subarray(start));
}
