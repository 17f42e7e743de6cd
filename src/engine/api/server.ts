import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { EngineError } from '../errors.ts';
import { errorFields } from '../log.ts';
import type { Log } from '../log.ts';
import { HijackableRequest, continueUpgrade, earlyInput, shouldUpgrade, upgradeResponse } from './hijack.ts';
import { httpError } from './http-status.ts';
import { makeRequest } from './request.ts';
import { makeResponse } from './response.ts';
import type { Takeover } from './response.ts';
import type { Route } from './route.ts';
import { Router } from './router.ts';
import { API_VERSION } from './version.ts';

export interface ApiServerOptions {
  readonly routes: readonly Route[];
  /** Wherry's version, for the `Server` header. */
  readonly version: string;
  readonly log: Log;
  /** Called at every request's start and end. */
  readonly onActivity?: (() => void) | undefined;
}

export interface ApiServer {
  /** Listens on a unix socket, mode 0600, in place of one that a dead engine left. */
  listen(socketPath: string): Promise<void>;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/** The Docker Engine API over HTTP/1.1. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const router = new Router(options.routes);
  const connections = new Set<Duplex>();
  const upgrades = new WeakMap<IncomingMessage, Duplex>();
  const serverHeader = `Wherry/${options.version} (linux)`;

  const answer = (raw: IncomingMessage, response: ServerResponse, takeover?: Takeover): void => {
    response.setHeader('Api-Version', API_VERSION);
    response.setHeader('Docker-Experimental', 'false');
    response.setHeader('Ostype', 'linux');
    response.setHeader('Server', serverHeader);
    options.onActivity?.();
    response.once('close', () => options.onActivity?.());
    // Something written after the end is a bug of ours, but no reason to end the engine.
    response.on('error', (error) => options.log('error', 'an answer failed', errorFields(error)));
    handle(router, raw, response, takeover).catch((error: unknown) => {
      sendError(raw, response, error, options.log);
    });
  };

  const server = createServer({
    IncomingMessage: HijackableRequest,
    shouldUpgradeCallback: shouldUpgrade,
    // Waits, logs and events stay open for as long as the client likes, and so do idle connections.
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 0,
  });
  // A client may end its half and wait for the answer; without this Node ends ours at once.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', (raw, response) => answer(raw, response));
  server.on('upgrade', (raw: IncomingMessage, connection: Duplex, head: Buffer) => {
    upgrades.set(raw, connection);
    const { response, takeover } = upgradeResponse(raw, connection, head);
    answer(raw, response, takeover);
  });

  server.on('clientError', (error: Error, socket: Duplex) => {
    const early = earlyInput(error, socket);
    const begun = early === undefined ? undefined : upgrades.get(early.request);
    if (early !== undefined && begun !== undefined) continueUpgrade(begun, early.head);
    else if (early !== undefined) server.emit('upgrade', early.request, socket, early.head);
    else if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });

  return {
    listen: (socketPath) => listen(server, socketPath),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        for (const connection of connections) connection.destroy();
      }),
  };
}

async function handle(
  router: Router,
  raw: IncomingMessage,
  response: ServerResponse,
  takeover: Takeover | undefined,
): Promise<void> {
  const match = router.match(raw.method ?? '', raw.url ?? '');
  const request = makeRequest(raw, match, clientGone(raw, response, takeover));
  await match.route.handle(request, makeResponse(response, takeover));
  // Nobody is left for an answer that a handler gave up; without an end of ours the half-open connection would stay.
  if (request.signal.aborted && !response.writableEnded) raw.socket.destroy();
}

/**
 * Aborts when the client closes its half or the whole connection before the answer is complete, as in moby; where the
 * connection may be taken over, a closed half is the input's end and only the whole counts.
 */
function clientGone(
  raw: IncomingMessage,
  response: ServerResponse,
  takeover: Takeover | undefined,
): AbortSignal {
  const controller = new AbortController();
  const socket = raw.socket;
  const gone = (): void => {
    controller.abort(new Error('the client closed the connection'));
    // Node tells the reader of a body so itself, save where the request may be an upgrade.
    if (socket.destroyed && !raw.complete) raw.destroy();
  };
  if (takeover === undefined) socket.once('end', gone);
  socket.once('close', gone);
  response.once('finish', () => {
    socket.off('end', gone);
    socket.off('close', gone);
  });
  return controller.signal;
}

function sendError(raw: IncomingMessage, response: ServerResponse, error: unknown, log: Log): void {
  const { status, message } = httpError(error);
  if (status === 500) {
    // An EngineError says all there is to say; anything else is a bug, and its stack tells where.
    const fields = error instanceof EngineError ? { error: message } : errorFields(error);
    // Without its query: there are URLs with passwords in it, and environments.
    log('error', `${raw.method} ${raw.url?.split('?')[0]} failed`, fields);
  }
  if (response.socket === null || response.headersSent || response.writableEnded) {
    // The answer has begun (or the connection was taken over): cutting it short is all that can still be said.
    raw.socket.destroy();
    return;
  }
  if (status === 304) makeResponse(response, undefined).empty(304);
  else makeResponse(response, undefined).json(status, { message });
}

async function listen(server: Server, socketPath: string): Promise<void> {
  rmSync(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // bind(2) happens within listen(): with this umask the socket is never open to others, not even briefly.
    const before = process.umask(0o177);
    try {
      server.listen(socketPath, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
  chmodSync(socketPath, 0o600);
}
