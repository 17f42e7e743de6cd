import { createHash, timingSafeEqual } from 'node:crypto';
import { WherryError } from '../../core/errors.ts';

/** The driver's settings, as they are used. */
export interface GenericHost {
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/** @throws WherryError INVALID_OPTION, worded as docker-machine's where it had the case */
export function hostOf(options: Readonly<Record<string, unknown>>): GenericHost {
  const { ipAddress, sshPort, sshUser } = options;
  if (typeof ipAddress !== 'string' || ipAddress === '') {
    throw invalid('generic driver requires the --generic-ip-address option');
  }
  const port = Number(sshPort ?? 22);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid(`--generic-ssh-port must be a port, 1 to 65535, not ${String(sshPort)}`);
  }
  return { host: ipAddress, port, user: typeof sshUser === 'string' && sshUser !== '' ? sshUser : 'root' };
}

/** `SHA256:…` as OpenSSH prints it. */
export function fingerprint(hostKey: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(hostKey).digest('base64').replace(/=+$/, '')}`;
}

/**
 * Compares what a host has shown with what it should: a fingerprint, the key in base64, or a line of known_hosts or
 * ssh-keyscan that holds it.
 *
 * @throws WherryError HOST_KEY_MISMATCH
 */
export function requireHostKey(wanted: string, shown: Uint8Array, { host, port }: GenericHost): void {
  const given = wanted.trim();
  const words = given.split(/\s+/);
  const key = words.find((word) => word.startsWith('AAAA'));
  const fits = given.startsWith('SHA256:')
    ? given.replace(/=+$/, '') === fingerprint(shown)
    : key !== undefined && same(Buffer.from(key, 'base64'), shown);
  if (fits) return;
  throw new WherryError({
    code: 'HOST_KEY_MISMATCH',
    message: `the SSH server at ${host}:${port} shows the host key ${fingerprint(shown)}, which is not the one of --generic-ssh-host-key`,
    hint: 'Keys are compared as ssh-ed25519 ones: ssh-keyscan -t ed25519 prints it, ssh-keygen -lf its fingerprint',
  });
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function invalid(message: string): WherryError {
  return new WherryError({ code: 'INVALID_OPTION', message });
}
