// By their names: of a namespace that is chosen at run time the bundle would read every export (ADR 0007).
import { Agent, request as requestPlainly } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent as SecureAgent, request as requestSecurely } from 'node:https';
import type { RequestOptions } from 'node:https';
import { Readable } from 'node:stream';
import { RegistryTransportError, RegistryUnreachable } from './errors.ts';

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

const UNREACHABLE =
  /^(?:ENOTFOUND|EAI_\w+|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|ETIMEDOUT|EADDRNOTAVAIL)$/;

const KEPT_ALIVE = { keepAlive: true, maxFreeSockets: 4 };
const AGENTS = {
  http: () => new Agent(KEPT_ALIVE),
  https: () => new SecureAgent(KEPT_ALIVE),
  unverified: () => new SecureAgent({ ...KEPT_ALIVE, rejectUnauthorized: false }),
};
type AgentKind = keyof typeof AGENTS;

/** HTTP/1.1 with kept-alive connections: one request, no redirects, no retries. */
export class Transport {
  readonly #timeouts: Timeouts;
  readonly #agents = new Map<AgentKind, Agent>();

  constructor(timeouts: Timeouts = TIMEOUTS) {
    this.#timeouts = timeouts;
  }

  /**
   * The answer, its body not read yet: whoever calls reads or destroys it.
   *
   * @throws RegistryUnreachable, RegistryTransportError, or the signal's reason
   */
  async request(request: TransportRequest): Promise<IncomingMessage> {
    request.signal.throwIfAborted();
    const secure = request.url.protocol === 'https:';
    const agent = this.#agent(secure ? (request.insecure ? 'unverified' : 'https') : 'http');
    const options: RequestOptions = {
      method: request.method ?? 'GET',
      headers: { 'user-agent': 'wherry', ...request.headers },
      agent,
      signal: request.signal,
      timeout: request.idleMs ?? this.#timeouts.idleMs,
    };
    const outgoing = (secure ? requestSecurely : requestPlainly)(request.url, options);
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
        else reject(transportError(request, timedOut ?? error));
      });
      sendBody(outgoing, request.body);
    });
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  /** Made when it is first needed: TLS takes a tenth of a second to load under emulation. */
  #agent(kind: AgentKind): Agent {
    const made = this.#agents.get(kind);
    if (made !== undefined) return made;
    const agent = AGENTS[kind]();
    this.#agents.set(kind, agent);
    return agent;
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

/** In the words that Docker's users know, which are those of Go's net/http. */
function transportError(request: TransportRequest, error: Error): Error {
  const cause = error instanceof AggregateError ? ((error.errors as unknown[])[0] ?? error) : error;
  const fields = cause as { code?: unknown; address?: unknown; port?: unknown; message?: unknown };
  const code = typeof fields.code === 'string' ? fields.code : '';
  const address = typeof fields.address === 'string' ? ` ${fields.address}:${String(fields.port)}` : '';
  const asked = request.method ?? 'GET';
  const method = asked.charAt(0) + asked.slice(1).toLowerCase();
  const { origin, pathname } = request.url;
  const host = request.url.hostname;
  if (!UNREACHABLE.test(code)) {
    const prefix = `${method} "${origin}${pathname}": `;
    const reason = code === 'ECONNRESET' ? 'connection reset by peer' : String(fields.message);
    const tls = /SSL|CERT|TLS|EPROTO|SELF_SIGNED|UNABLE_TO/.test(code) ? 'tls: ' : '';
    return new RegistryTransportError(`${prefix}${tls}${reason}`, error);
  }
  const reasons: Readonly<Record<string, string>> = {
    ENOTFOUND: `dial tcp: lookup ${host}: no such host`,
    EAI_AGAIN: `dial tcp: lookup ${host}: Temporary failure in name resolution`,
    ECONNREFUSED: `dial tcp${address}: connect: connection refused`,
    EHOSTUNREACH: `dial tcp${address}: connect: no route to host`,
    ENETUNREACH: `dial tcp${address}: connect: network is unreachable`,
    ETIMEDOUT: `dial tcp${address}: i/o timeout`,
  };
  const reason =
    reasons[code] ??
    (code.startsWith('EAI_') ? `dial tcp: lookup ${host}: ${code}` : `dial tcp${address}: ${code}`);
  // Docker asks for /v2/ first, and names that when nobody answers.
  const shown = pathname.startsWith('/v2/') ? `Get "${origin}/v2/"` : `${method} "${origin}${pathname}"`;
  return new RegistryUnreachable(`${shown}: ${reason}`, error);
}
