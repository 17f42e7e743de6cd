import { Agent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Outside, ProxyServer } from './outside.ts';
import { openTunnel } from './tunnel.ts';

/** How one request gets to its server. */
export interface Route {
  /** Whether the first server on the way is spoken to over TLS. */
  readonly secure: boolean;
  readonly agent: Agent;
  /** Beyond what the URL says. */
  readonly options: RequestOptions;
  readonly headers: Readonly<Record<string, string>>;
  /** The first server on the way is a proxy. */
  readonly proxied: boolean;
}

export interface RoutedRequest {
  readonly url: URL;
  readonly insecure: boolean;
  readonly registry?: string | undefined;
}

/** What comes while a piece of a layer is worked on is the next piece: under emulation each costs milliseconds. */
const PIECE = 512 * 1024;
const KEPT_ALIVE = { keepAlive: true, maxFreeSockets: 4, highWaterMark: PIECE };

/**
 * Direct, in absolute form to a proxy (RFC 9112 §3.2.2; plain HTTP), or through a tunnel that it makes (HTTPS). Agents
 * are made when they are first needed: TLS takes a tenth of a second to load under emulation.
 */
export class Routes {
  readonly #outside: Outside;
  readonly #connectMs: number;
  readonly #agents = new Map<string, Agent>();
  readonly #contexts = new Map<string, SecureContext>();

  constructor(outside: Outside, connectMs: number) {
    this.#outside = outside;
    this.#connectMs = connectMs;
  }

  of({ url, insecure, registry }: RoutedRequest): Route {
    const secure = url.protocol === 'https:';
    const proxy = this.#outside.proxyFor(url);
    if (secure) {
      const agent = this.#secureAgent(proxy, insecure, registry);
      return { secure, agent, options: {}, headers: {}, proxied: false };
    }
    if (proxy === undefined) {
      const agent = this.#agent('http', () => new Agent(KEPT_ALIVE));
      return { secure, agent, options: {}, headers: {}, proxied: false };
    }
    return this.#absolute(url, proxy);
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #absolute(url: URL, proxy: ProxyServer): Route {
    const { secure, host, port, authorization } = proxy;
    const key = secure ? 'https proxy' : 'http';
    const agent = this.#agent(key, () =>
      secure ? new SecureAgent({ ...KEPT_ALIVE, ...this.#trust(undefined) }) : new Agent(KEPT_ALIVE),
    );
    const { origin, pathname, search } = url;
    return {
      secure,
      agent,
      options: {
        protocol: secure ? 'https:' : 'http:',
        hostname: host,
        port,
        path: `${origin}${pathname}${search}`,
        // By itself Node takes the Host header's.
        ...(secure ? { servername: isIP(host) === 0 ? host : '' } : {}),
      },
      headers: {
        host: url.host,
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
      },
      proxied: true,
    };
  }

  #secureAgent(proxy: ProxyServer | undefined, insecure: boolean, registry: string | undefined): Agent {
    const trust = insecure ? {} : this.#trust(registry);
    const whom = insecure ? 'unverified' : this.#outside.authorities(registry).join('');
    const options = { ...KEPT_ALIVE, rejectUnauthorized: !insecure, ...trust };
    if (proxy === undefined) return this.#agent(`https ${whom}`, () => new SecureAgent(options));
    return this.#agent(`tunnel ${JSON.stringify(proxy)} ${whom}`, () => {
      const agent = new SecureAgent(options);
      agent.createConnection = (wanted, callback) => {
        openTunnel({
          proxy,
          proxyContext: this.#trust(undefined).secureContext,
          host: wanted.host ?? '',
          port: Number(wanted.port),
          rejectUnauthorized: !insecure,
          secureContext: trust.secureContext,
          timeoutMs: this.#connectMs,
        }).then(
          (socket) => callback?.(null, socket),
          // Node's agent takes an error alone, whatever the types say.
          (error: unknown) => (callback as ((error: unknown) => void) | undefined)?.(error),
        );
        return undefined;
      };
      return agent;
    });
  }

  /** Nothing where the usual authorities are all there are: Node has those at hand. */
  #trust(registry: string | undefined): { readonly secureContext?: SecureContext } {
    const authorities = this.#outside.authorities(registry);
    if (authorities.length === 0) return {};
    const key = authorities.join('');
    let secureContext = this.#contexts.get(key);
    if (secureContext === undefined) {
      secureContext = createSecureContext({ ca: [...getCACertificates('default'), ...authorities] });
      this.#contexts.set(key, secureContext);
    }
    return { secureContext };
  }

  #agent(key: string, make: () => Agent): Agent {
    const made = this.#agents.get(key) ?? make();
    this.#agents.set(key, made);
    return made;
  }
}
