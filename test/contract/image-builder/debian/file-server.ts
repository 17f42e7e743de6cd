import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A mirror on loopback that serves what is in `files` now, with Range and validators, and records every request. */
export interface FileServer {
  url: string;
  files: Map<string, Buffer>;
  /** `METHOD-less` lines: `path` or `path bytes=…`. */
  requests: string[];
  /** The most requests that were being answered at one time. */
  busiest: number;
  /** Answers a path differently; return false to serve it as usual. */
  misbehave: ((path: string, request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

export async function serveFiles(files: Map<string, Buffer>): Promise<FileServer> {
  let busy = 0;
  const http = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').slice(1));
    const { range } = request.headers;
    server.requests.push(range === undefined ? path : `${path} ${range}`);
    busy += 1;
    server.busiest = Math.max(server.busiest, busy);
    response.once('close', () => {
      busy -= 1;
    });
    if (server.misbehave?.(path, request, response) === true) return;
    const bytes = server.files.get(path);
    if (bytes === undefined) {
      response.writeHead(404).end();
      return;
    }
    const etag = `"${bytes.length}-${bytes.subarray(0, 1000).reduce((sum, byte) => (sum * 31 + byte) % 1e9, 7)}"`;
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end();
      return;
    }
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    if (start > 0 && start >= bytes.length) {
      response.writeHead(416).end();
      return;
    }
    const headers = { etag, 'content-length': bytes.length - start };
    if (start > 0)
      response.writeHead(206, {
        ...headers,
        'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      });
    else response.writeHead(200, headers);
    response.end(bytes.subarray(start));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const server: FileServer = {
    url: `http://127.0.0.1:${port}`,
    files,
    requests: [],
    busiest: 0,
    misbehave: undefined,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return server;
}
