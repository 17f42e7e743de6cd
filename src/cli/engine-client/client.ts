import type { Agent as HttpAgent, ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { messageOf, WherryError } from '../../core/errors.ts';

/** Not imported: an ES import of node:http reads every export of it, and with them loads WebSocket and fetch (40 ms). */
const { Agent, request } = process.getBuiltinModule('node:http');

/**
 * Gives a new byte stream to the engine's HTTP API; whether an agent or an SSH connection is behind it is its business.
 * `signal`, the client's own, ends the attempt.
 */
export type Connector = (signal?: AbortSignal) => Promise<Duplex>;

export interface CallOptions {
  /** A list is the same name several times. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** An error answer of the engine. `status` is HTTP's; commands choose their exit status by it, never by the message. */
export class EngineAnswerError extends WherryError {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string) {
    super({ code: 'ENGINE_ANSWER', message: `Error response from daemon: ${reason}`, bare: true });
    this.status = status;
    this.reason = reason;
  }
}

const API = '/v1.51';

/** One more client of the Docker Engine API, over whatever the connector gives. */
export class EngineClient {
  readonly #agent: HttpAgent;
  readonly #connect: Connector;
  readonly #signal: AbortSignal | undefined;

  /** `signal` ends every call that has none of its own. */
  constructor(connect: Connector, signal?: AbortSignal) {
    this.#connect = connect;
    this.#signal = signal;
    this.#agent = new Agent({ keepAlive: true });
    Object.assign(this.#agent, {
      createConnection: (_: unknown, done: (error: Error | null, stream?: Duplex) => void): void => {
        connect(signal).then(
          (stream) => done(null, stream),
          (error: unknown) => done(error instanceof Error ? error : new Error(messageOf(error))),
        );
      },
    });
  }

  /** A client of the same engine with connections of its own, which only `signal` ends: for what is left to do after Ctrl-C. */
  withSignal(signal: AbortSignal): EngineClient {
    return new EngineClient(this.#connect, signal);
  }

  /** Ends idle connections, so that the process can end. */
  close(): void {
    this.#agent.destroy();
  }

  /** A JSON answer. @throws EngineAnswerError for any status past 399 */
  async json<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.stream(method, path, options);
    const text = await collect(response);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The answer as it arrives. @throws EngineAnswerError */
  async stream(method: string, path: string, options: CallOptions = {}): Promise<IncomingMessage> {
    const call = this.#request(method, path, options, {});
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      call.once('response', resolve).once('error', reject);
      sendBody(call, options.body);
    });
    if ((response.statusCode ?? 500) >= 400) throw await answerError(response);
    return response;
  }

  /** Docker's hijack (`Upgrade: tcp`): a raw stream, and the content type that says whether it is multiplexed. */
  async hijack(
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<{ stream: Duplex; contentType: string }> {
    const call = this.#request(method, path, options, { Connection: 'Upgrade', Upgrade: 'tcp' });
    return new Promise((resolve, reject) => {
      call.once('upgrade', (response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve({ stream: socket, contentType: response.headers['content-type'] ?? '' });
      });
      call.once('response', (response) => {
        answerError(response).then(reject, reject);
      });
      call.once('error', reject);
      sendBody(call, options.body);
    });
  }

  #request(
    method: string,
    path: string,
    options: CallOptions,
    headers: Readonly<Record<string, string>>,
  ): ClientRequest {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value === undefined) continue;
      for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
    }
    const search = query.toString();
    const isStream = typeof options.body === 'object' && options.body !== null && 'pipe' in options.body;
    return request({
      agent: this.#agent,
      ...NO_SERVER_NAME,
      method,
      path: `${API}${path}${search === '' ? '' : `?${search}`}`,
      headers: {
        Host: 'wherry',
        ...(options.body === undefined
          ? {}
          : { 'Content-Type': isStream ? 'application/x-tar' : 'application/json' }),
        ...headers,
        ...options.headers,
      },
      ...withSignal(options.signal ?? this.#signal),
    });
  }
}

/** Or Node works out a name for TLS, which there is none of, by patterns that take milliseconds to compile. */
const NO_SERVER_NAME = { servername: '' };

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function sendBody(call: ClientRequest, body: unknown): void {
  if (body === undefined) call.end();
  else if (typeof body === 'object' && body !== null && 'pipe' in body) {
    (body as NodeJS.ReadableStream).on('error', (error) => call.destroy(error)).pipe(call);
  } else call.end(JSON.stringify(body));
}

async function answerError(response: IncomingMessage): Promise<EngineAnswerError> {
  const text = await collect(response);
  let reason = text.trim();
  // The answer to a HEAD says what it would be, and has no body.
  if (reason !== '' && String(response.headers['content-type']).startsWith('application/json')) {
    const parsed = JSON.parse(text) as { message?: unknown };
    if (typeof parsed.message === 'string') reason = parsed.message;
  }
  return new EngineAnswerError(response.statusCode ?? 500, reason || (response.statusMessage ?? ''));
}

async function collect(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
