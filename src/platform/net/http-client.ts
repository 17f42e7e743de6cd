import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import got from 'got';

/** One answer of a server: the body is a stream of the bytes as sent (never decompressed). */
export interface HttpAnswer {
  status: number;
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  body: Readable;
}

/**
 * The network port of everything that downloads: one GET, redirects followed, no retries, any status
 * returned as an answer. Rejects with Node's own error for failures below HTTP (DNS, connect, TLS, timeouts).
 */
export type HttpGet = (
  url: string,
  options: { headers?: Record<string, string>; signal?: AbortSignal | undefined },
) => Promise<HttpAnswer>;

/** Milliseconds. `idle` is the longest silence of a server in the middle of a body. */
const TIMEOUTS = { connect: 15_000, answer: 30_000, idle: 60_000 };
const MAX_REDIRECTS = 5;

/**
 * The real client, on got with kept-alive connections. `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are
 * honoured by Node's own agents (`proxyEnv`, Node ≥ 22.21), `NODE_EXTRA_CA_CERTS` by Node itself.
 */
export function createHttpGet(env: NodeJS.ProcessEnv = process.env): HttpGet {
  const agentOptions = { keepAlive: true, maxSockets: 8, proxyEnv: env };
  const agent = { http: new HttpAgent(agentOptions), https: new HttpsAgent(agentOptions) };

  return (url, { headers = {}, signal }) =>
    new Promise<HttpAnswer>((resolve, reject) => {
      const body = got.stream(url, {
        headers: { 'user-agent': 'wherry', 'accept-encoding': 'identity', ...headers },
        agent,
        decompress: false,
        throwHttpErrors: false,
        // Callers know the length and keep what did arrive.
        strictContentLength: false,
        retry: { limit: 0 },
        maxRedirects: MAX_REDIRECTS,
        timeout: {
          lookup: TIMEOUTS.connect,
          connect: TIMEOUTS.connect,
          secureConnect: TIMEOUTS.connect,
          response: TIMEOUTS.answer,
          socket: TIMEOUTS.idle,
        },
        ...(signal === undefined ? {} : { signal }),
      });
      body.once('error', reject);
      body.once('response', (response: { statusCode: number; headers: HttpAnswer['headers'] }) => {
        // From here on, failures reach whoever reads the body; one before that must not end the process.
        body.off('error', reject).on('error', () => undefined);
        resolve({ status: response.statusCode, headers: response.headers, body });
      });
    });
}

/** A header's single value, or undefined. */
export function headerOf(answer: HttpAnswer, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
