import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { sshString, uint32 } from './wire.ts';

const ALGORITHM = 'ssh-ed25519';

/** An ed25519 key pair: the 32-byte seed and the 32-byte public point (RFC 8032 §5.1.5). */
export interface Ed25519Pair {
  readonly seed: Buffer;
  readonly publicKey: Buffer;
}

export function generateEd25519(): Ed25519Pair {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d, x } = privateKey.export({ format: 'jwk' });
  if (d === undefined || x === undefined) throw new Error('ed25519 keys cannot be exported by this Node');
  return { seed: Buffer.from(d, 'base64url'), publicKey: Buffer.from(x, 'base64url') };
}

/** The public key as the SSH protocol carries it (RFC 8709 §4). */
export function publicKeyBlob(pair: Pick<Ed25519Pair, 'publicKey'>): Buffer {
  return Buffer.concat([sshString(ALGORITHM), sshString(pair.publicKey)]);
}

/** One line as in `id_ed25519.pub` and authorized_keys, without the newline. */
export function publicKeyLine(pair: Pick<Ed25519Pair, 'publicKey'>, comment: string): string {
  return `${ALGORITHM} ${publicKeyBlob(pair).toString('base64')} ${comment}`;
}

/** The private key as OpenSSH stores it, unencrypted (OpenSSH's PROTOCOL.key; block size 8). */
export function openSshPrivateKey(pair: Ed25519Pair, comment: string): string {
  const check = randomBytes(4);
  const section = Buffer.concat([
    check,
    check,
    publicKeyBlob(pair),
    sshString(Buffer.concat([pair.seed, pair.publicKey])),
    sshString(comment),
  ]);
  const padding = Buffer.from(Array.from({ length: -section.length & 7 }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    sshString('none'),
    sshString('none'),
    sshString(''),
    uint32(1),
    sshString(publicKeyBlob(pair)),
    sshString(Buffer.concat([section, padding])),
  ]);
  const lines = body.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join(
    '\n',
  );
}

/** The private key as dropbear stores it (dropbear `src/ed25519.c`, buf_put_ed25519_priv_key): name, 64, seed, public. */
export function dropbearPrivateKey(pair: Ed25519Pair): Buffer {
  return Buffer.concat([sshString(ALGORITHM), sshString(Buffer.concat([pair.seed, pair.publicKey]))]);
}
