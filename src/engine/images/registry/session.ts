import type { IncomingMessage } from 'node:http';
import { EngineError } from '../../errors.ts';
import { Authorizer } from './authorizer.ts';
import { readBody } from './body.ts';
import type { Credentials } from './credentials.ts';
import { isInsecure } from './endpoints.ts';
import type { Endpoint, RegistrySettings } from './endpoints.ts';
import { RegistryTransportError, RegistryUnreachable, registryAnswer } from './errors.ts';
import type { Transport } from './transport.ts';

const MAX_REDIRECTS = 5;
const MAX_ERROR_BODY = 64 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export interface SessionOptions {
  readonly transport: Transport;
  readonly endpoint: Endpoint;
  readonly settings: RegistrySettings;
  readonly credentials: Credentials;
  /** `library/busybox`. */
  readonly repository: string;
}

/** GET requests for one repository at one endpoint: authorization, redirects, and HTTP where it is allowed. */
export class RegistrySession {
  readonly #options: SessionOptions;
  readonly #authorizer: Authorizer;
  readonly #scope: string;
  #scheme: 'https' | 'http';
  #schemeKnown: boolean;
  #answered = false;

  constructor(options: SessionOptions) {
    const { endpoint, settings, transport } = options;
    this.#options = options;
    // A mirror is somebody else: it never sees the credentials that are meant for the registry.
    const credentials = endpoint.mirror ? {} : options.credentials;
    this.#authorizer = new Authorizer(transport, credentials, (host) => isInsecure(host, settings));
    this.#scope = `repository:${options.repository}:pull`;
    this.#scheme = endpoint.scheme;
    this.#schemeKnown = endpoint.scheme === 'http' || !endpoint.insecure;
  }

  /** Whether anything ever came back over HTTP: then the registry is reachable, whatever else is wrong. */
  get answered(): boolean {
    return this.#answered;
  }

  /**
   * The answer with status 200 or 206, its body not read yet.
   *
   * @param path below `/v2/REPOSITORY/`
   * @throws RegistryAnswer, RegistryTransportError, RegistryUnreachable
   */
  async get(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#follow(path, headers, signal);
      const status = response.statusCode ?? 0;
      if (status === 200 || status === 206) return response;
      const body = (await readBody(response, MAX_ERROR_BODY)).toString('utf8');
      const challenge = response.headers['www-authenticate'];
      // Twice: the token that was kept may have expired, or be for less than is asked for now.
      if (status === 401 && attempt < 2 && !redirected(response)) {
        const answered = await this.#authorizer.answer(challenge, this.#scope, attempt > 0, signal);
        if (answered) continue;
      }
      throw registryAnswer(status, body, response.headers['retry-after']);
    }
  }

  async #follow(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { endpoint, settings, transport } = this.#options;
    const first = await this.#first(path, headers, signal);
    let response = first.response;
    let url = first.url;
    for (let hop = 0; REDIRECTS.has(response.statusCode ?? 0); hop++) {
      const location = response.headers.location;
      await discard(response);
      if (location === undefined || hop === MAX_REDIRECTS || !URL.canParse(location, url)) {
        throw new RegistryTransportError(`Get "${url.href}": too many redirects, or one to nowhere`);
      }
      const next = new URL(location, url);
      const sameHost = next.host === new URL(this.#base()).host && next.protocol === `${this.#scheme}:`;
      const insecure = sameHost ? endpoint.insecure : isInsecure(next.host, settings);
      if (next.protocol !== 'https:' && !(next.protocol === 'http:' && insecure)) {
        throw new EngineError('system', `${endpoint.host} redirects to "${next.origin}", which is not HTTPS`);
      }
      url = next;
      const authorization = sameHost ? this.#authorization() : {};
      response = await transport.request({
        url,
        headers: { ...headers, ...authorization },
        insecure,
        signal,
      });
      if (!sameHost) elsewhere.add(response);
    }
    return response;
  }

  /** The first request of a session finds out whether an insecure registry speaks HTTPS or only HTTP. */
  async #first(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    const { endpoint, transport } = this.#options;
    const send = async () => {
      const url = new URL(`${this.#base()}/v2/${this.#options.repository}/${path}`);
      const authorization = this.#authorization();
      const request = { url, headers: { ...headers, ...authorization }, insecure: endpoint.insecure, signal };
      const response = await transport.request(request);
      this.#answered = true;
      this.#schemeKnown = true;
      return { response, url };
    };
    try {
      return await send();
    } catch (error) {
      const failed = error instanceof RegistryTransportError || error instanceof RegistryUnreachable;
      if (this.#schemeKnown || !failed) throw error;
      this.#scheme = 'http';
      try {
        return await send();
      } catch (again) {
        this.#scheme = 'https';
        throw again;
      }
    }
  }

  #base(): string {
    return `${this.#scheme}://${this.#options.endpoint.host}`;
  }

  #authorization(): Record<string, string> {
    const header = this.#authorizer.header;
    return header === undefined ? {} : { authorization: header };
  }
}

/** Answers of hosts that a registry redirected to: their challenges are not answered (CVE-2020-15157). */
const elsewhere = new WeakSet<IncomingMessage>();
const redirected = (response: IncomingMessage): boolean => elsewhere.has(response);

async function discard(response: IncomingMessage): Promise<void> {
  await readBody(response, MAX_ERROR_BODY);
}
