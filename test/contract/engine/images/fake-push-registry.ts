import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sha256 } from './fake-registry.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** Answers a request in its own way before its body is read, or returns false to have the ordinary answer sent. */
export type Trouble = (
  request: IncomingMessage,
  response: ServerResponse,
  uploads: Map<string, Buffer>,
) => boolean;

/** A registry that is pushed to, and that a test can make misbehave. */
export interface FakePushRegistry {
  readonly host: string;
  readonly requests: SeenRequest[];
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly manifests: ReadonlyMap<string, Buffer>;
  /** What was begun and neither finished nor cancelled. */
  readonly uploads: ReadonlyMap<string, Buffer>;
  trouble: Trouble;
  stop(): Promise<void>;
}

/** OCI distribution-spec v1.1, "Push": blobs by POST, PATCH and PUT, manifests by PUT, of any repository. */
export async function startFakePushRegistry(): Promise<FakePushRegistry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  const uploads = new Map<string, Buffer>();
  const requests: SeenRequest[] = [];
  let count = 0;
  const error = (response: ServerResponse, status: number, code: string): void => {
    response.writeHead(status).end(JSON.stringify({ errors: [{ code, message: code.toLowerCase() }] }));
  };
  const upload = async (
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    digest: string | null,
  ) => {
    const has = uploads.get(id);
    if (has === undefined) return error(response, 404, 'BLOB_UPLOAD_UNKNOWN');
    const start = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1];
    if (start !== undefined && Number(start) !== has.length)
      return error(response, 416, 'BLOB_UPLOAD_INVALID');
    if (request.method === 'DELETE') uploads.delete(id);
    if (request.method === 'PATCH' || request.method === 'PUT') {
      for await (const chunk of request as AsyncIterable<Buffer>)
        uploads.set(id, Buffer.concat([uploads.get(id) ?? Buffer.alloc(0), chunk]));
    }
    const now = uploads.get(id) ?? Buffer.alloc(0);
    const headers = {
      location: `${request.url?.split('?')[0]}?state=a%2Bb`,
      range: `0-${Math.max(0, now.length - 1)}`,
    };
    if (request.method !== 'PUT')
      return void response.writeHead(request.method === 'GET' ? 204 : 202, headers).end();
    if (sha256(now) !== digest) return error(response, 400, 'DIGEST_INVALID');
    uploads.delete(id);
    blobs.set(digest, now);
    return void response.writeHead(201).end();
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    const name = pathname.split('/').at(-1) ?? '';
    if (pathname.includes('/manifests/')) {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      manifests.set(name, Buffer.concat(chunks));
      response.writeHead(201).end();
    } else if (pathname.endsWith('/blobs/uploads/')) {
      const id = `upload-${++count}`;
      uploads.set(id, Buffer.alloc(0));
      response.writeHead(202, { location: `${pathname}${id}?state=a%2Bb` }).end();
    } else if (pathname.includes('/blobs/uploads/')) {
      await upload(request, response, name, searchParams.get('digest'));
    } else response.writeHead(blobs.has(name) ? 200 : 404).end(blobs.get(name));
  };
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    if (fake.trouble(request, response, uploads)) return;
    answer(request, response).catch(() => response.destroy()); // the client's body broke off
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const fake: FakePushRegistry = {
    host: `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    requests,
    blobs,
    manifests,
    uploads,
    trouble: () => false,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}
