import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Certified } from './certificates.ts';

/** An HTTP proxy on the loopback, for absolute-form requests and CONNECT. */
export interface TestProxy {
  readonly port: number;
  /** `CONNECT registry.test:443`, `GET http://registry.test/v2/`. */
  readonly asked: string[];
  /** `Proxy-Authorization` of each. */
  readonly authorizations: (string | undefined)[];
  stop(): Promise<void>;
}

export interface ProxyOptions {
  /** Where a name really is: a port of the loopback. Names that aren't here are what they say. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Answers everybody so. */
  readonly refuseWith?: number;
  /** Takes connections and says nothing. */
  readonly silent?: boolean;
  /** Is itself spoken to over TLS. */
  readonly tls?: Certified;
}

export async function startProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  const { ports = {}, refuseWith, silent = false, tls } = options;
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const note = (request: IncomingMessage): void => {
    asked.push(`${request.method} ${request.url}`);
    authorizations.push(request.headers['proxy-authorization']);
  };
  const server: Server = tls === undefined ? createServer() : createSecureServer(tls);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined); // clients break off on purpose
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    note(request);
    client.on('error', () => undefined);
    if (silent) return;
    if (refuseWith !== undefined) {
      client.end(`HTTP/1.1 ${refuseWith} Refused\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const known = ports[request.url ?? ''];
    const upstream = connect(known ?? Number(port), known === undefined ? hostname : '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on('error', () => client.destroy());
    upstream.once('close', () => sockets.delete(upstream));
  });
  server.on('request', (request: IncomingMessage, response) => {
    note(request);
    if (silent) return;
    if (refuseWith !== undefined) {
      response.writeHead(refuseWith).end();
      return;
    }
    const url = new URL(request.url ?? '');
    const known = ports[`${url.hostname}:${url.port === '' ? '80' : url.port}`];
    const { method, headers } = request;
    const place = known === undefined ? {} : { hostname: '127.0.0.1', port: known };
    const onward = forward(url, { method, headers, ...place, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    authorizations,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
