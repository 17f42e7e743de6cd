import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../fake-registry.ts';

export const OCI = 'application/vnd.oci.image';

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: object;
}
export interface Manifest {
  schemaVersion: 2;
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What is to be wrong with an image; all the rest is right. */
export interface Lie {
  /** Layers as they are stored and the tar's digest; or a tar, that is gzipped. */
  readonly layers?: readonly (Buffer | { readonly stored: Buffer; readonly diffId: string })[];
  readonly config?: (config: Record<string, unknown>) => object | string;
  readonly manifest?: (manifest: Manifest) => object | string;
  /** In place of the manifest under the tag: an index, made of the manifest's descriptor. */
  readonly index?: (
    manifest: Descriptor,
    put: (bytes: string, type: string) => Descriptor,
  ) => object | string;
  readonly contentType?: string;
  /** Answers to requests for the manifest's tag, the config and the layers in place of the right ones. */
  readonly onTag?: Answer;
  readonly onConfig?: Answer;
  readonly onLayer?: Answer;
  /** Answers to everything that nothing else is for. */
  readonly onOther?: Answer;
}

export interface LyingRegistry {
  readonly host: string;
  readonly url: string;
  readonly requests: { readonly url: string; readonly authorization: string | undefined }[];
  /** Sent along with everything. */
  headers: Readonly<Record<string, string>>;
  /** @returns the image's name */
  tell(lie: Lie): string;
  stop(): Promise<void>;
}

const text = (document: object | string): string =>
  typeof document === 'string' ? document : JSON.stringify(document);

/** A registry on loopback; each image that it is told of gets a name of its own. */
export async function startLyingRegistry(): Promise<LyingRegistry> {
  const answers = new Map<string, Answer>();
  const requests: LyingRegistry['requests'] = [];
  let images = 0;
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    for (const [name, value] of Object.entries(registry.headers)) response.setHeader(name, value);
    requests.push({ url, authorization: request.headers.authorization });
    const name = url.split('/').slice(2, -2).join('/');
    const answer = answers.get(url) ?? answers.get(`/v2/${name}/*`);
    if (answer !== undefined) answer(request, response);
    else response.writeHead(404).end('{"errors":[{"code":"NAME_UNKNOWN","message":"not here"}]}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const host = `127.0.0.1:${address.port}`;

  const tell = (lie: Lie): string => {
    const name = `lie/number${images++}`;
    const base = `/v2/${name}`;
    const put = (kind: string, bytes: Buffer, type: string, instead?: Answer): Descriptor => {
      const digest = sha256(bytes);
      const right: Answer = (_, response) =>
        void response.writeHead(200, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
      answers.set(`${base}/${kind}/${digest}`, instead ?? right);
      return { mediaType: type, digest, size: bytes.length };
    };
    const layers = (lie.layers ?? []).map((layer) =>
      Buffer.isBuffer(layer) ? { stored: gzipSync(layer), diffId: sha256(layer) } : layer,
    );
    const config = {
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['/x'] },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    };
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: put(
        'blobs',
        Buffer.from(text(lie.config?.(config) ?? config)),
        `${OCI}.config.v1+json`,
        lie.onConfig,
      ),
      layers: layers.map(({ stored }) => ({
        ...put('blobs', stored, 'application/octet-stream', lie.onLayer),
        mediaType: `${OCI}.layer.v1.tar+gzip`,
      })),
    };
    const putDocument = (document: string, type: string) => put('manifests', Buffer.from(document), type);
    let top = Buffer.from(text(lie.manifest?.(manifest) ?? manifest));
    let type = `${OCI}.manifest.v1+json`;
    const descriptor = put('manifests', top, type);
    if (lie.index !== undefined) {
      top = Buffer.from(text(lie.index(descriptor, putDocument)));
      type = `${OCI}.index.v1+json`;
    }
    const served: Answer = (_, response) =>
      void response.writeHead(200, { 'content-type': lie.contentType ?? type }).end(top);
    answers.set(`${base}/manifests/1`, lie.onTag ?? served);
    if (lie.onOther !== undefined) answers.set(`${base}/*`, lie.onOther);
    return `${host}/${name}`;
  };
  const registry: LyingRegistry = {
    host,
    headers: {},
    url: `http://${host}`,
    requests,
    tell,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return registry;
}
