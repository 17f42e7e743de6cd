import * as z from 'zod';
import { EngineError } from '../../errors.ts';
import { readBody } from './body.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { registryAnswer } from './errors.ts';
import type { Transport } from './transport.ts';

const tokenAnswer = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

/** Distribution's token specification: without `expires_in` a token lives for 60 seconds. */
const DEFAULT_LIFETIME_S = 60;
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
  readonly #credentials: Credentials;
  readonly #httpAllowed: (host: string) => boolean;
  readonly #tokens = new Map<string, CachedToken>();
  #current: string | undefined;

  constructor(transport: Transport, credentials: Credentials, httpAllowed: (host: string) => boolean) {
    this.#transport = transport;
    this.#credentials = credentials;
    this.#httpAllowed = httpAllowed;
    if (credentials.registryToken !== undefined) this.#current = `Bearer ${credentials.registryToken}`;
  }

  /** What to send with the next request; undefined before the first challenge. */
  get header(): string | undefined {
    return this.#current;
  }

  /**
   * Answers a challenge. @param fresh don't use a kept token: it was refused.
   * @returns false if there is nothing to answer it with
   */
  async answer(
    header: string | undefined,
    scope: string,
    fresh: boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const challenges = parseChallenges(header ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) {
      this.#current = await this.#token(bearer.parameters, scope, fresh, signal);
      return true;
    }
    if (!challenges.some(({ scheme }) => scheme === 'basic') || this.#credentials.basic === undefined)
      return false;
    this.#current = `Basic ${this.#credentials.basic}`;
    return true;
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
      throw new EngineError('system', `the registry names a token server that may not be used: "${realm}"`);
    }
    const answer = await this.#fetch(url, service, scope, signal);
    const token = answer.token ?? answer.access_token;
    if (token === undefined || token === '') {
      throw new EngineError('system', 'authorization server did not include a token in the response');
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
    const { basic, identityToken } = this.#credentials;
    const url = new URL(realm);
    const form = new URLSearchParams({ service, scope });
    if (identityToken === undefined)
      for (const [name, value] of form) if (value !== '') url.searchParams.append(name, value);
    if (identityToken !== undefined) {
      form.set('grant_type', 'refresh_token');
      form.set('refresh_token', identityToken);
      form.set('client_id', 'wherry');
    }
    const response =
      identityToken === undefined
        ? await this.#transport.request({
            url,
            headers: basic === undefined ? {} : { authorization: `Basic ${basic}` },
            insecure,
            signal,
          })
        : await this.#transport.request({
            url,
            method: 'POST',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: form.toString(),
            insecure,
            signal,
          });
    const body = await readBody(response, MAX_TOKEN_ANSWER);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw registryAnswer(status, body.toString('utf8'), response.headers['retry-after']);
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
