import { isIP } from 'node:net';
import { inRange, rangeOf } from './address-range.ts';

/**
 * Whether what NO_PROXY says keeps an address from the proxy, as Go's `httpproxy` (golang.org/x/net/http/httpproxy),
 * which dockerd uses, reads it: domains with what is below them (`.domain` and `*.domain`: only what is below), IP addresses, either with a
 * port, CIDR ranges, `*`. The caller's loopback never goes through a proxy.
 *
 * @param host without brackets
 */
export function bypasses(noProxy: string, host: string, port: string): boolean {
  const name = host.toLowerCase();
  if (name === 'localhost' || isLoopback(name)) return true;
  const entries = noProxy.split(',').map((entry) => entry.trim().toLowerCase());
  return entries.some((entry) => entry === '*' || matches(entry, name, port));
}

export const isLoopback = (host: string): boolean => /^127(?:\.\d{1,3}){3}$/.test(host) || host === '::1';

function matches(entry: string, host: string, port: string): boolean {
  const range = rangeOf(entry);
  if (range !== undefined) return inRange(range.network, range.prefix, host);
  const { name, wanted } = splitPort(entry);
  if (name === '' || (wanted !== undefined && wanted !== port)) return false;
  if (isIP(name) !== 0) return sameAddress(name, host);
  if (isIP(host) !== 0) return false;
  const domain = name.startsWith('*.') ? name.slice(1) : name;
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

/** `a:80`, `[::1]:80`, `[::1]`, `::1`, `a`. */
function splitPort(entry: string): { readonly name: string; readonly wanted: string | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry);
  if (bracketed !== null) return { name: bracketed[1] ?? '', wanted: bracketed[2] };
  const found = /^([^:]*):(\d+)$/.exec(entry);
  return found === null ? { name: entry, wanted: undefined } : { name: found[1] ?? '', wanted: found[2] };
}

/** IPv6 has many spellings. */
const sameAddress = (one: string, other: string): boolean => inRange(one, isIP(one) === 4 ? 32 : 128, other);
