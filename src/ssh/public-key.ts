import ssh2 from 'ssh2';
import { WherryError } from '../core/errors.ts';

/** The public half of a private key as authorized_keys has it: `ssh-ed25519 AAAA…`. Error: `SSH_KEY_UNUSABLE`. */
export function publicKeyOf(privateKey: string): string {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (!(parsed instanceof Error)) return `${parsed.type} ${parsed.getPublicSSH().toString('base64')}`;
  throw new WherryError({
    code: 'SSH_KEY_UNUSABLE',
    message: `the SSH key can't be read: ${parsed.message}`,
    cause: parsed,
  });
}
