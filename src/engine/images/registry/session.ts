import type { IncomingMessage } from 'node:http';
import { EngineError, invalid } from '../../errors.ts';
import { Authorizer } from './authorizer.ts';
import { readSome } from './body.ts';
import type { Credentials } from './credentials.ts';
import { isInsecure } from './endpoints.ts';
import type { Endpoint, RegistrySettings } from './endpoints.ts';
import { RegistryTransportError, RegistryUnreachable, registryAnswer } from './errors.ts';
import type { Method, RequestBody, Transport } from './transport.ts';

const MAX_REDIRECTS = 5;
const MAX_ERROR_BODY = 64 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Redirects that keep the method and the body (RFC 9110 §15.4). */
const SAME_METHOD = new Set([307, 308]);

export interface SessionOptions {
  readonly transport: Transport;
  readonly endpoint: Endpoint;
  readonly settings: RegistrySettings;
  readonly credentials: Credentials;
  /** `library/busybox`; none to ask the registry itself. */
  readonly repository?: string | undefined;
  /** What a token is asked for where the registry's challenge doesn't say; `pull` where absent. */
  readonly actions?: 'pull' | 'pull,push' | undefined;
  /** Of what API; `v2` where absent. */
  readonly api?: 'v1' | 'v2' | undefined;
  /** Sends name and password with the first request, and doesn't wait to be asked for them. */
  readonly eager?: boolean | undefined;
  /** Asks token servers for refresh tokens, too. */
  readonly offline?: boolean | undefined;
}

export interface SessionRequest {
  readonly method?: Method | undefined;
  /** Below `/v2/REPOSITORY/`, or a whole URL that the registry gave (an upload's `Location`). */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  readonly idleMs?: number | undefined;
  /** The statuses that are no failure. */
  readonly expects: readonly number[];
}

export interface SessionAnswer {
  readonly response: IncomingMessage;
  /** What answered, after all redirects. */
  readonly url: URL;
}

/** Requests for one repository at one endpoint: authorization, redirects, and HTTP where it is allowed. */
export class RegistrySession {
  readonly #options: SessionOptions;
  readonly #authorizer: Authorizer;
  readonly #scope: string;
  #scheme: 'https' | 'http';
  #schemeKnown: boolean;
  #answered = false;

  constructor(options: SessionOptions) {
    const { endpoint, settings, transport, repository, actions = 'pull', offline = false } = options;
    this.#options = options;
    // A mirror is somebody else: it never sees the credentials that are meant for the registry.
    const credentials = endpoint.mirror ? {} : options.credentials;
    this.#authorizer = new Authorizer(
      transport,
      endpoint.host,
      credentials,
      (host) => isInsecure(host, settings),
      offline,
    );
    this.#scope = repository === undefined ? '' : `repository:${repository}:${actions}`;
    this.#scheme = endpoint.scheme;
    this.#schemeKnown = endpoint.scheme === 'http' || !endpoint.insecure;
  }

  /** Whether anything ever came back over HTTP: then the registry is reachable, whatever else is wrong. */
  get answered(): boolean {
    return this.#answered;
  }

  /** What a token server gave in place of the password. */
  get refreshToken(): string | undefined {
    return this.#authorizer.refreshToken;
  }

  /** The registry's address as it turned out to be, `http://127.0.0.1:5000`. */
  get base(): string {
    return `${this.#scheme}://${this.#options.endpoint.host}`;
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
    return (await this.request({ target: path, headers, expects: [200, 206] }, signal)).response;
  }

  /**
   * One request with everything around it; the answer's body is not read yet.
   *
   * @throws RegistryAnswer for a status that isn't expected, RegistryTransportError, RegistryUnreachable
   */
  async request(request: SessionRequest, signal: AbortSignal): Promise<SessionAnswer> {
    let authorization = this.#authorizer.header ?? this.#eagerly();
    for (let attempt = 0; ; attempt++) {
      const { response, url, elsewhere } = await this.#follow(request, authorization, signal);
      const status = response.statusCode ?? 0;
      if (request.expects.includes(status)) return { response, url };
      const body = (await readSome(response, MAX_ERROR_BODY)).toString('utf8');
      const challenge = response.headers['www-authenticate'];
      // Twice: the token that was kept may have expired, or be for less than is asked for now. The challenges of other
      // hosts are not answered (CVE-2020-15157).
      if (status === 401 && attempt < 2 && !elsewhere) {
        authorization = await this.#authorizer.answer(challenge, this.#scope, attempt > 0, signal);
        if (authorization !== undefined) continue;
      }
      throw registryAnswer(status, body, response.headers);
    }
  }

  #eagerly(): string | undefined {
    const { eager = false, credentials, endpoint } = this.#options;
    if (!eager || endpoint.mirror || credentials.basic === undefined) return undefined;
    return `Basic ${credentials.basic}`;
  }

  async #follow(request: SessionRequest, authorization: string | undefined, signal: AbortSignal) {
    const { method = 'GET', headers = {}, idleMs, body } = request;
    const { transport, endpoint } = this.#options;
    const registry = endpoint.host;
    const send = async (url: URL) => {
      const { sameHost, insecure } = this.#judge(url);
      const own = sameHost && authorization !== undefined ? { authorization } : {};
      const sent = { url, method, headers: { ...headers, ...own }, body, idleMs, insecure, registry, signal };
      return { response: await transport.request(sent), url, elsewhere: !sameHost };
    };
    let answer = await this.#first(request.target, send);
    for (let hop = 0; REDIRECTS.has(answer.response.statusCode ?? 0); hop++) {
      const { response, url } = answer;
      const { location } = response.headers;
      const follows = method === 'GET' || method === 'HEAD' || SAME_METHOD.has(response.statusCode ?? 0);
      await readSome(response, MAX_ERROR_BODY);
      // Without its query: that may be a signature.
      const place = `${method} "${url.origin}${url.pathname}"`;
      if (hop === MAX_REDIRECTS) throw badRedirect(`${place}: stopped after ${MAX_REDIRECTS} redirects`);
      if (location === undefined || !follows || !URL.canParse(location, url))
        throw badRedirect(`${place}: a redirect that can't be followed`);
      answer = await send(new URL(location, url));
    }
    return answer;
  }

  /** Whether a URL is the registry's own, and how it may be spoken to. @throws EngineError for plain HTTP elsewhere */
  #judge(url: URL): { readonly sameHost: boolean; readonly insecure: boolean } {
    const { endpoint, settings } = this.#options;
    const sameHost = url.host === this.#url('').host && url.protocol === `${this.#scheme}:`;
    const insecure = sameHost ? endpoint.insecure : isInsecure(url.host, settings);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && insecure)) {
      throw new EngineError('system', `${endpoint.host} redirects to "${url.origin}", which is not HTTPS`);
    }
    return { sameHost, insecure };
  }

  /** The first request of a session finds out whether an insecure registry speaks HTTPS or only HTTP. */
  async #first<T>(target: string | URL, send: (url: URL) => Promise<T>): Promise<T> {
    const attempt = async () => {
      const answer = await send(typeof target === 'string' ? this.#url(target) : target);
      this.#answered = true;
      this.#schemeKnown = true;
      return answer;
    };
    try {
      return await attempt();
    } catch (error) {
      const failed = error instanceof RegistryTransportError || error instanceof RegistryUnreachable;
      if (this.#schemeKnown || !failed || typeof target !== 'string') throw error;
      this.#scheme = 'http';
      try {
        return await attempt();
      } catch (again) {
        this.#scheme = 'https';
        throw again;
      }
    }
  }

  #url(path: string): URL {
    const { repository, api = 'v2' } = this.#options;
    const url = `${this.base}/${api}/${repository === undefined ? '' : `${repository}/`}${path}`;
    // `1.2.3.4.5` and `a:99999` pass for names of registries by the reference grammar.
    if (!URL.canParse(url)) throw invalid(`invalid registry host "${this.#options.endpoint.host}"`);
    return new URL(url);
  }
}

const badRedirect = (message: string) => new EngineError('system', message);
