/** The name under which docker keeps what it knows of Docker Hub. */
export const INDEX_SERVER = 'https://index.docker.io/v1/';
const HUB_NAMES: ReadonlySet<string> = new Set(['', 'docker.io', 'index.docker.io']);

/** `https://ghcr.io/v1/` → `ghcr.io`: what docker calls a registry's host name, port included. */
export const hostOf = (server: string): string => server.replace(/^https?:\/\//, '').replace(/\/.*$/s, '');

/** The key of a registry in docker's configuration, from what a person names it. */
export function serverKey(server: string): string {
  return server === '' || server === 'docker.io' || server === INDEX_SERVER ? INDEX_SERVER : hostOf(server);
}

/** The registry that an image's name begins with: a first part is a domain if it looks like one. */
export function domainOf(reference: string): string {
  const slash = reference.indexOf('/');
  const first = reference.slice(0, Math.max(0, slash));
  return /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase() ? first : '';
}

/** The key of the registry that an image is at. */
export function serverOfImage(reference: string): string {
  const domain = domainOf(reference);
  return HUB_NAMES.has(domain) ? INDEX_SERVER : domain;
}
