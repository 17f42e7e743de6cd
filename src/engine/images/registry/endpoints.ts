import { invalid } from '../../errors.ts';
import { inRange, rangeOf } from '../outside/address-range.ts';

/** A server to speak to. */
export interface Endpoint {
  /** `host[:port]`. */
  readonly host: string;
  readonly scheme: 'https' | 'http';
  /** A certificate that can't be verified will do, and where HTTPS isn't spoken, HTTP. */
  readonly insecure: boolean;
  /** Gets no credentials, and its failures lead on to the next endpoint. */
  readonly mirror: boolean;
}

export interface RegistrySettings {
  readonly registryMirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
}

/** Where docker.io's images really are. */
const HUB_HOST = 'registry-1.docker.io';

/** The endpoints of a domain, in the order in which they are tried: its mirrors, then itself. */
export function endpointsOf(domain: string, settings: RegistrySettings): Endpoint[] {
  const registry = registryEndpoint(domain, settings);
  if (domain !== 'docker.io') return [registry];
  return [...settings.registryMirrors.map((mirror) => mirrorEndpoint(mirror, settings)), registry];
}

/** The registry itself: where images are pushed to, and credentials tried. */
export function registryEndpoint(domain: string, settings: RegistrySettings): Endpoint {
  if (domain === 'docker.io') return { host: HUB_HOST, scheme: 'https', insecure: false, mirror: false };
  return { host: domain, scheme: 'https', insecure: isInsecure(domain, settings), mirror: false };
}

function mirrorEndpoint(mirror: string, settings: RegistrySettings): Endpoint {
  const url = URL.canParse(mirror) ? new URL(mirror) : undefined;
  const scheme = url?.protocol === 'http:' ? 'http' : 'https';
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.username !== ''
  ) {
    throw invalid(`invalid registry mirror "${mirror}": expected http(s)://host[:port]`);
  }
  return {
    host: url.host,
    scheme,
    insecure: scheme === 'http' || isInsecure(url.host, settings),
    mirror: true,
  };
}

/** Plain HTTP is for the machine itself and for registries that were configured as insecure, for nothing else. */
export function isInsecure(host: string, settings: RegistrySettings): boolean {
  if (settings.insecureRegistries.includes(host)) return true;
  const name = host.replace(/:\d+$/, '');
  if (settings.insecureRegistries.includes(name)) return true;
  const address = name.replace(/^\[(.*)\]$/, '$1');
  const ranges = settings.insecureRegistries.flatMap((entry) => rangeOf(entry) ?? []);
  if (ranges.some(({ network, prefix }) => inRange(network, prefix, address))) return true;
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}
