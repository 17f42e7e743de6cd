// By their names: of a namespace that is chosen at run time the bundle would read every export (ADR 0007).
import { request as requestPlainly } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestSecurely } from 'node:https';
import type { RequestOptions } from 'node:https';
import { Readable } from 'node:stream';
import { outsideOf } from '../outside/outside.ts';
import type { Outside } from '../outside/outside.ts';
import { Routes } from '../outside/routes.ts';
import { transportError } from './transport-error.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** A body in memory, or one that is read while it is sent; called anew for each attempt. */
export type RequestBody = string | Buffer | (() => AsyncIterable<Buffer>);

export interface TransportRequest {
  readonly url: URL;
  readonly method?: Method | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  /** Silence after which the connection counts as broken, in ms, where it is to be another than usual. */
  readonly idleMs?: number | undefined;
  /** Any certificate will do. */
  readonly insecure: boolean;
  /** `host[:port]` of the registry for whose sake this is: certificates may be trusted for it alone. */
  readonly registry?: string | undefined;
  readonly signal: AbortSignal;
}

export interface Timeouts {
  readonly connectMs: number;
  /** Silence after which a connection counts as broken. */
  readonly idleMs: number;
  /** How much of an answer has to come in how much time, lest it be taken for one that never ends. */
  readonly pace: { readonly ms: number; readonly bytes: number };
}

export const TIMEOUTS: Timeouts = {
  connectMs: 15_000,
  idleMs: 30_000,
  pace: { ms: 30_000, bytes: 8 * 1024 },
};

/** An answer's head may take so many times the silence that is borne: it can't trickle in for ever. */
const HEAD_FACTOR = 2;

/** HTTP/1.1 with kept-alive connections: one request, no redirects, no retries. */
export class Transport {
  readonly #timeouts: Timeouts;
  readonly #outside: Outside;
  readonly #routes: Routes;

  constructor(timeouts: Timeouts = TIMEOUTS, outside: Outside = outsideOf({})) {
    this.#timeouts = timeouts;
    this.#outside = outside;
    this.#routes = new Routes(outside, timeouts.connectMs);
  }

  /**
   * The answer, its body not read yet: whoever calls reads or destroys it.
   *
   * @throws RegistryUnreachable, RegistryTransportError, or the signal's reason
   */
  async request(request: TransportRequest): Promise<IncomingMessage> {
    request.signal.throwIfAborted();
    const route = this.#routes.of(request);
    const options: RequestOptions = {
      ...route.options,
      method: request.method ?? 'GET',
      headers: { 'user-agent': 'wherry', ...request.headers, ...route.headers },
      agent: route.agent,
      signal: request.signal,
      timeout: request.idleMs ?? this.#timeouts.idleMs,
    };
    const outgoing = (route.secure ? requestSecurely : requestPlainly)(request.url, options);
    return await new Promise<IncomingMessage>((resolve, reject) => {
      let connecting: NodeJS.Timeout | undefined;
      let heading: NodeJS.Timeout | undefined;
      let timedOut: Error | undefined;
      const stop = (code: string, message: string) => {
        timedOut = Object.assign(new Error(message), { code });
        outgoing.destroy(timedOut);
      };
      outgoing.on('socket', (socket) => {
        if (!socket.connecting) return;
        connecting = setTimeout(() => stop('ETIMEDOUT', 'i/o timeout'), this.#timeouts.connectMs);
        socket.once('connect', () => clearTimeout(connecting));
      });
      outgoing.on('timeout', () => stop('EIDLE', 'no answer in time'));
      outgoing.on('finish', () => {
        const limit = HEAD_FACTOR * (request.idleMs ?? this.#timeouts.idleMs);
        heading = setTimeout(() => stop('EIDLE', 'no answer in time'), limit);
      });
      outgoing.on('close', () => clearTimeout(heading));
      outgoing.on('response', (response) => {
        clearTimeout(heading);
        watchPace(response, this.#timeouts.pace);
        response.on('error', () => undefined); // every reader sees it too; without one it must not end the engine
        resolve(response);
      });
      outgoing.on('error', (error) => {
        clearTimeout(connecting);
        if (request.signal.aborted) reject(request.signal.reason as Error);
        else reject(transportError(request, timedOut ?? error, route.proxied, this.#outside.advice));
      });
      // While a tunnel is being made there is no socket, and the request's own error waits for one.
      const interrupted = (): void => reject(request.signal.reason as Error);
      request.signal.addEventListener('abort', interrupted, { once: true });
      outgoing.once('close', () => request.signal.removeEventListener('abort', interrupted));
      sendBody(outgoing, request.body);
    });
  }

  close(): void {
    this.#routes.close();
  }
}

/** Ends an answer that trickles: less than the pace asks for, while whoever reads it waits for more. */
function watchPace(response: IncomingMessage, { ms, bytes }: Timeouts['pace']): void {
  const { socket } = response;
  let before = socket.bytesRead;
  const timer = setInterval(() => {
    const came = socket.bytesRead - before;
    before = socket.bytesRead;
    const readerIsSlow = response.complete || response.readableLength >= response.readableHighWaterMark;
    if (came >= bytes || readerIsSlow) return;
    response.destroy(new Error(`${came} bytes in ${ms / 1000} seconds: too slow to go on`));
  }, ms).unref();
  response.once('close', () => clearInterval(timer));
}

function sendBody(outgoing: ClientRequest, body: RequestBody | undefined): void {
  if (typeof body !== 'function') {
    outgoing.end(body);
    return;
  }
  const source = Readable.from(body(), { objectMode: false });
  source.on('error', (error) => outgoing.destroy(error));
  outgoing.on('close', () => source.destroy());
  // An answer that comes early is a refusal: the rest isn't sent, and the connection is good for nothing once it was read.
  outgoing.on('response', (response) => {
    source.unpipe(outgoing);
    source.destroy();
    if (!outgoing.writableEnded) response.once('close', () => outgoing.destroy());
  });
  source.pipe(outgoing);
}
