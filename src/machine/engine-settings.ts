import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { messageOf, WherryError } from '../core/errors.ts';
import { maskCredentials } from '../core/mask-credentials.ts';
import type { EngineSettings } from './store/machine-config.ts';

/** Variables that dockerd reads and Wherry's engine heeds too; the lower-case forms mean the same. */
const PROXY_VARIABLES = new Set(['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']);

/**
 * Refuses what the engine would stumble over later, in the words of dockerd where it has some.
 *
 * @throws WherryError INVALID_OPTION; never with a proxy's password in its message
 */
export function checkEngineSettings(settings: EngineSettings): void {
  settings.registryMirrors.forEach(checkMirror);
  settings.insecureRegistries.forEach(checkInsecureRegistry);
  settings.labels.forEach(checkLabel);
  settings.env?.forEach(checkVariable);
  settings.mounts?.forEach(checkMount);
}

/** Whether `--engine-env NAME` means anything here. */
export const isEngineVariable = (name: string): boolean => PROXY_VARIABLES.has(name.toUpperCase());

/** What a mirror, a label, a variable, a certificate or a directory is called by, where one is to be replaced or removed. */
export const keyOf = (entry: string): string => {
  const mount = /^((?:[/~\\]|[A-Za-z]:[\\/]).*?)(?::(?:ro|rw))?$/s.exec(entry)?.[1];
  if (mount !== undefined) return mount;
  const equals = entry.indexOf('=');
  return entry.startsWith('-----BEGIN') || equals === -1 ? entry : entry.slice(0, equals);
};

/**
 * The certificates of a PEM file, each by itself and in one form, so that equal ones are equal text.
 *
 * @throws WherryError INVALID_OPTION
 */
export function certificatesOf(pem: string, path: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw invalidOption(`${path} holds no certificate in PEM`);
  return blocks.map((block) => {
    try {
      return new X509Certificate(block).toString();
    } catch (error) {
      throw invalidOption(`${path} holds a certificate that can't be read: ${messageOf(error)}`);
    }
  });
}

/** `HTTP_PROXY=URL` without what is secret in it. */
export const maskVariable = (entry: string): string =>
  `${keyOf(entry)}=${maskCredentials(entry.slice(keyOf(entry).length + 1))}`;

function checkMirror(mirror: string): void {
  const url = URL.canParse(mirror) ? new URL(mirror) : undefined;
  const problem = mirrorProblem(url, JSON.stringify(maskCredentials(mirror)));
  if (problem !== undefined) throw invalidOption(`invalid mirror: ${problem}`);
}

function mirrorProblem(url: URL | undefined, shown: string): string | undefined {
  if (url === undefined) return `${shown} is not a valid URI`;
  const { protocol, username, password, pathname, search, hash } = url;
  if (!/^https?:$/.test(protocol)) return `unsupported scheme "${protocol.slice(0, -1)}" in ${shown}`;
  if (username !== '' || password !== '') return `username/password not allowed in URI ${shown}`;
  const bare = pathname === '/' && search === '' && hash === '';
  return bare ? undefined : `path, query, or fragment at end of the URI ${shown}`;
}

function checkInsecureRegistry(registry: string): void {
  if (registry.includes('://')) {
    throw invalidOption(`insecure registry ${registry} should not contain '://'`);
  }
  if (isRange(registry)) return;
  if (!URL.canParse(`https://${registry}`) || new URL(`https://${registry}`).pathname !== '/') {
    throw invalidOption(
      `insecure registry ${registry} is not valid: expected HOST[:PORT] or a range of addresses`,
    );
  }
}

/** `10.0.0.0/8`: every registry that is named by such an address. */
function isRange(text: string): boolean {
  const [network = '', prefix = '', ...more] = text.split('/');
  const family = isIP(network);
  return (
    family !== 0 &&
    more.length === 0 &&
    /^\d{1,3}$/.test(prefix) &&
    Number(prefix) <= (family === 4 ? 32 : 128)
  );
}

function checkLabel(label: string): void {
  if (!/^[^=]+=/.test(label)) throw invalidOption(`bad attribute format: ${label}`);
}

function checkMount(entry: string): void {
  if (/^(?:~(?:[/\\]|:|$)|[/\\]|[A-Za-z]:[\\/])/.test(entry)) return;
  throw invalidOption(`a shared directory must be an absolute path, not ${JSON.stringify(entry)}`);
}

function checkVariable(entry: string): void {
  const name = keyOf(entry);
  const value = entry.slice(name.length + 1);
  if (name === 'NO_PROXY' || value === '') return;
  const problem = proxyProblem(value);
  if (problem !== undefined) throw invalidOption(`${name}: ${problem}`);
}

/** Why something can't be used as a proxy's address; undefined where it can. Without a scheme it is `http://`. */
export function proxyProblem(value: string): string | undefined {
  const address = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(address)) return 'not the URL of a proxy';
  const { protocol, hostname } = new URL(address);
  if (!/^https?:$/.test(protocol)) {
    return `a proxy's scheme must be http or https, not ${protocol.slice(0, -1)}`;
  }
  return hostname === '' ? 'not the URL of a proxy' : undefined;
}

function invalidOption(message: string): WherryError {
  return new WherryError({ code: 'INVALID_OPTION', message });
}
