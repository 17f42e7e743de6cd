import * as z from 'zod';
import { EngineError } from '../../errors.ts';
import { printable } from '../printable.ts';
import { readBody } from './body.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { RegistryAnswer, registryAnswer } from './errors.ts';
import type { Transport } from './transport.ts';

const tokenAnswer = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
  refresh_token: z.string().optional(),
});

/** The token server itself said no: the registry was not asked again. */
export class TokenRefused extends RegistryAnswer {
  constructor({ status, code, message, retryAfterMs, rateLimit }: RegistryAnswer) {
    super(status, code, message, retryAfterMs, rateLimit);
    this.name = 'TokenRefused';
  }
}

/** The registry wants a name and a password, and none are known. In the words of Docker. */
export class NoCredentials extends RegistryAnswer {
  constructor() {
    super(401, 'UNAUTHORIZED', 'no basic auth credentials');
    this.name = 'NoCredentials';
  }
}

/** Distribution's token specification: without `expires_in` a token lives for 60 seconds. */
const DEFAULT_LIFETIME_S = 60;
const CLIENT_ID = 'wherry';
const MAX_TOKEN_ANSWER = 1024 * 1024;

interface CachedToken {
  readonly header: string;
  readonly validUntil: number;
}

/**
 * Turns a registry's 401 into an `Authorization` header: Basic, or a Bearer token from the realm that the challenge
 * names (distribution's "Token Authentication Specification"). Tokens are kept per realm, service and scope.
 */
export class Authorizer {
  readonly #transport: Transport;
  readonly #registry: string;
  readonly #credentials: Credentials;
  readonly #httpAllowed: (host: string) => boolean;
  readonly #tokens = new Map<string, CachedToken>();
  readonly #offline: boolean;
  #current: string | undefined;
  #refreshToken: string | undefined;

  /**
   * @param registry `host[:port]`, for whose sake token servers are asked
   * @param offline asks the token server for a refresh token as well (`login`)
   */
  constructor(
    transport: Transport,
    registry: string,
    credentials: Credentials,
    httpAllowed: (host: string) => boolean,
    offline = false,
  ) {
    this.#offline = offline;
    this.#transport = transport;
    this.#registry = registry;
    this.#credentials = credentials;
    this.#httpAllowed = httpAllowed;
    if (credentials.registryToken !== undefined) this.#current = `Bearer ${credentials.registryToken}`;
  }

  /** What to send with the next request; undefined before the first challenge. */
  get header(): string | undefined {
    return this.#current;
  }

  /** What a token server gave in place of a password, to be kept by the client as its identity token. */
  get refreshToken(): string | undefined {
    return this.#refreshToken;
  }

  /**
   * Answers a challenge. @param fresh don't use a kept token: it was refused.
   * @returns what to send now; undefined if there is nothing to answer with
   */
  async answer(
    header: string | undefined,
    scope: string,
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const challenges = parseChallenges(header ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) {
      this.#current = await this.#token(bearer.parameters, scope, fresh, signal);
      return this.#current;
    }
    if (!challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
    if (this.#credentials.basic === undefined) throw new NoCredentials();
    this.#current = `Basic ${this.#credentials.basic}`;
    return this.#current;
  }

  async #token(
    parameters: Readonly<Record<string, string>>,
    fallbackScope: string,
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<string> {
    const { realm = '', service = '', scope = fallbackScope } = parameters;
    const key = JSON.stringify([realm, service, scope]);
    const kept = this.#tokens.get(key);
    if (!fresh && kept !== undefined && kept.validUntil > Date.now()) return kept.header;
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    if (
      url === undefined ||
      (url.protocol !== 'https:' && !(url.protocol === 'http:' && this.#httpAllowed(url.host)))
    ) {
      const shown = printable(realm, 200);
      throw new EngineError('system', `the registry names a token server that may not be used: "${shown}"`);
    }
    const answer = await this.#fetch(url, service, scope, signal);
    const token = answer.token ?? answer.access_token;
    if (answer.refresh_token) this.#refreshToken = answer.refresh_token;
    if (token === undefined || !/^[\u0021-\u007e]+$/.test(token)) {
      throw new EngineError(
        'system',
        'authorization server did not include a token in the response, or none that can be sent',
      );
    }
    const validUntil = Date.now() + (answer.expires_in ?? DEFAULT_LIFETIME_S) * 900;
    const cached = { header: `Bearer ${token}`, validUntil };
    this.#tokens.set(key, cached);
    return cached.header;
  }

  async #fetch(
    realm: URL,
    service: string,
    scope: string,
    signal: AbortSignal,
  ): Promise<z.infer<typeof tokenAnswer>> {
    const insecure = this.#httpAllowed(realm.host);
    const registry = this.#registry;
    const { basic, identityToken } = this.#credentials;
    const url = new URL(realm);
    const form = new URLSearchParams({ service, scope });
    if (identityToken === undefined) {
      if (service !== '') url.searchParams.append('service', service);
      for (const one of scope.split(' ')) if (one !== '') url.searchParams.append('scope', one);
      if (this.#offline) url.searchParams.append('offline_token', 'true');
      if (this.#offline) url.searchParams.append('client_id', CLIENT_ID);
    } else {
      form.set('grant_type', 'refresh_token');
      form.set('refresh_token', identityToken);
      form.set('client_id', CLIENT_ID);
    }
    const response =
      identityToken === undefined
        ? await this.#transport.request({
            url,
            headers: basic === undefined ? {} : { authorization: `Basic ${basic}` },
            insecure,
            registry,
            signal,
          })
        : await this.#transport.request({
            url,
            method: 'POST',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: form.toString(),
            insecure,
            registry,
            signal,
          });
    const body = await readBody(response, MAX_TOKEN_ANSWER);
    const status = response.statusCode ?? 0;
    if (status !== 200) {
      throw new TokenRefused(registryAnswer(status, body.toString('utf8'), response.headers));
    }
    let value: unknown;
    try {
      value = JSON.parse(body.toString('utf8'));
    } catch (error) {
      throw new EngineError('system', 'the token server answered with something else than JSON', error);
    }
    const parsed = tokenAnswer.safeParse(value);
    if (!parsed.success) throw new EngineError('system', 'the token server answered in an unknown form');
    return parsed.data;
  }
}
