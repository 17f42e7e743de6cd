import { WherryError } from '../core/errors.ts';
import { publicKeyBlob, type Ed25519Pair } from './keys.ts';

/**
 * The name under which a machine's host key stands in its known_hosts file. The forwarded port changes with every
 * start, so OpenSSH is told to look this name up instead (`-o HostKeyAlias=`).
 */
export function hostKeyAlias(machine: string): string {
  return `wherry-${machine}`;
}

/** A known_hosts file with the one key that was made for the machine (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export function knownHostsText(machine: string, hostKey: Pick<Ed25519Pair, 'publicKey'>): string {
  return knownHostsLine(machine, publicKeyBlob(hostKey));
}

/** The same with the key as the protocol carries it. */
export function knownHostsLine(machine: string, hostKey: Uint8Array): string {
  return `${hostKeyAlias(machine)} ssh-ed25519 ${Buffer.from(hostKey).toString('base64')}\n`;
}

/** The pinned key out of {@link knownHostsText}, as the protocol carries it. Error: `KNOWN_HOSTS_BROKEN`. */
export function pinnedHostKey(text: string, machine: string): Buffer {
  for (const line of text.split('\n')) {
    const [names, algorithm, key] = line.trim().split(/\s+/);
    if (names === hostKeyAlias(machine) && algorithm === 'ssh-ed25519' && key !== undefined) {
      return Buffer.from(key, 'base64');
    }
  }
  throw new WherryError({
    code: 'KNOWN_HOSTS_BROKEN',
    message: `the known_hosts file of "${machine}" has no ssh-ed25519 key for ${hostKeyAlias(machine)}`,
  });
}
