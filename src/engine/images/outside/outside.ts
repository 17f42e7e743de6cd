import { maskCredentials } from '../../../core/mask-credentials.ts';
import type { ProxyConfig, RegistryCertificates } from '../../../protocol/boot/config-disk.ts';
import { bypasses, isLoopback } from './no-proxy.ts';

export interface ProxyServer {
  /** Spoken to over TLS. */
  readonly secure: boolean;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** The value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

/** The machine's way out: proxies, and certificates that are trusted beyond the usual ones. */
export interface Outside {
  /** Undefined where the address is spoken to directly. */
  proxyFor(url: URL): ProxyServer | undefined;
  /** Certificates in PEM that count as authorities besides the usual ones, for what is done for a registry's sake. */
  authorities(registry: string | undefined): readonly string[];
  /** What `info` shows: passwords masked. */
  shown(): { readonly http: string; readonly https: string; readonly no: string };
  /** What a user may do about a certificate of an unknown authority. */
  readonly advice: string;
}

export interface OutsideSettings {
  readonly proxy?: ProxyConfig | undefined;
  readonly certificates?: RegistryCertificates | undefined;
  readonly machineName?: string | undefined;
  /** The user's computer as the VM sees it: where a proxy on that computer's loopback is. */
  readonly hostAddress?: (() => string | undefined) | undefined;
}

export function outsideOf(settings: OutsideSettings): Outside {
  const { proxy = {}, certificates, machineName = 'default', hostAddress = () => undefined } = settings;
  const { all = [], hosts = {} } = certificates ?? {};
  const http = proxy.http === undefined ? undefined : withScheme(proxy.http);
  const https = proxy.https === undefined ? undefined : withScheme(proxy.https);
  return {
    proxyFor(url) {
      const chosen = url.protocol === 'https:' ? https : http;
      if (chosen === undefined) return undefined;
      const host = withoutBrackets(url.hostname);
      const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : url.port;
      // No proxy but one on that computer itself could know the way to it.
      if (host === hostAddress() || bypasses(proxy.no ?? '', host, port ?? '')) return undefined;
      return serverOf(reachable(chosen, hostAddress));
    },
    // A directory's name can't hold a colon on Windows: docker leaves it out there.
    authorities: (registry = '') => [
      ...all,
      ...(ownOf(hosts, registry) ?? ownOf(hosts, registry.replaceAll(':', '')) ?? []),
    ],
    shown: () => ({
      http: http === undefined ? '' : shown(reachable(http, hostAddress)),
      https: https === undefined ? '' : shown(reachable(https, hostAddress)),
      no: proxy.no ?? '',
    }),
    advice: `to trust its authority: wherry machine set ${machineName} --engine-ca-add FILE --restart`,
  };
}

/** A registry may be called `constructor`. */
const ownOf = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** As Go's httpproxy takes it: `proxy:3128` is `http://proxy:3128`. */
const withScheme = (proxy: string): URL => new URL(proxy.includes('://') ? proxy : `http://${proxy}`);

const withoutBrackets = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** The user's loopback isn't the VM's. */
function reachable(proxy: URL, hostAddress: () => string | undefined): URL {
  const host = withoutBrackets(proxy.hostname);
  const address = host === 'localhost' || isLoopback(host) ? hostAddress() : undefined;
  if (address === undefined) return proxy;
  const there = new URL(proxy);
  there.hostname = address;
  return there;
}

const shown = (proxy: URL): string => maskCredentials(proxy.href).replace(/\/$/, '');

function serverOf(proxy: URL): ProxyServer {
  const { protocol, username, password, hostname, port } = proxy;
  const account = `${unescaped(username)}:${unescaped(password)}`;
  return {
    secure: protocol === 'https:',
    host: withoutBrackets(hostname),
    port: Number(port === '' ? DEFAULT_PORTS[protocol] : port),
    authorization:
      username === '' && password === '' ? undefined : `Basic ${Buffer.from(account).toString('base64')}`,
  };
}

/** What is escaped, as far as it is: who writes `100%` for a password means it. */
const unescaped = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch (error) {
      if (error instanceof URIError) return run; // not UTF-8
      throw error;
    }
  });
