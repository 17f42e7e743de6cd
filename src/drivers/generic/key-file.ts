import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf, systemErrorCode, WherryError } from '../../core/errors.ts';

const DEFAULT_NAMES = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/** The private key that the user named, or the first of OpenSSH's usual ones. @throws WherryError SSH_KEY_UNUSABLE */
export async function readPrivateKey(given: unknown, home = homedir()): Promise<string> {
  if (typeof given === 'string' && given !== '') {
    const path = given.startsWith('~/') ? join(home, given.slice(2)) : given;
    try {
      return checked(await readFile(path, 'utf8'), path);
    } catch (error) {
      if (error instanceof WherryError) throw error;
      throw unusable(`the SSH key ${path} can't be read: ${messageOf(error)}`, error);
    }
  }
  for (const name of DEFAULT_NAMES) {
    const path = join(home, '.ssh', name);
    try {
      return checked(await readFile(path, 'utf8'), path);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }
  throw unusable(`there is no SSH key in ${join(home, '.ssh')}`);
}

function checked(text: string, path: string): string {
  if (!/^-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/.test(text.trimStart())) {
    throw unusable(`${path} is no SSH private key${/^ssh-|\.pub$/.test(text) ? ', but a public one' : ''}`);
  }
  if (isEncrypted(text)) {
    throw unusable(
      `the SSH key ${path} has a passphrase, which nobody is there to type when the agent connects`,
    );
  }
  return text;
}

/** OpenSSH's own format names the cipher first (PROTOCOL.key); the older ones say so in a header. */
function isEncrypted(text: string): boolean {
  if (/^(?:Proc-Type: 4,ENCRYPTED|DEK-Info:)|BEGIN ENCRYPTED PRIVATE KEY/m.test(text)) return true;
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  if (body === undefined) return false;
  const bytes = Buffer.from(body.replaceAll(/\s/g, ''), 'base64');
  const start = Buffer.byteLength('openssh-key-v1\0');
  const length = bytes.length >= start + 4 ? bytes.readUInt32BE(start) : 0;
  return bytes.toString('latin1', start + 4, start + 4 + length) !== 'none';
}

function unusable(message: string, cause?: unknown): WherryError {
  return new WherryError({
    code: 'SSH_KEY_UNUSABLE',
    message,
    hint: 'Make one:  ssh-keygen -t ed25519 -N "" -f KEY\nand name it:  --generic-ssh-key KEY',
    cause,
  });
}
