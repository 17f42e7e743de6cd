import { expect } from 'chai';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import ssh2 from 'ssh2';
import {
  dropbearPrivateKey,
  generateEd25519,
  openSshPrivateKey,
  publicKeyBlob,
  publicKeyLine,
} from '../../../src/ssh/keys.ts';
import { knownHostsText, pinnedHostKey } from '../../../src/ssh/known-hosts.ts';

/** RFC 8032 §7.1, test 1. */
const vector = {
  seed: Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'),
  publicKey: Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex'),
};

describe('ssh keys', () => {
  it('writes the public line of a known key', () => {
    expect(publicKeyLine(vector, 'wherry')).to.equal(
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea wherry',
    );
  });

  it('writes dropbear’s format byte for byte', () => {
    expect(dropbearPrivateKey(vector).toString('hex')).to.equal(
      `0000000b${Buffer.from('ssh-ed25519').toString('hex')}00000040${vector.seed.toString('hex')}${vector.publicKey.toString('hex')}`,
    );
  });

  it('makes pairs whose halves belong together', () => {
    const pair = generateEd25519();
    const [d, x] = [pair.seed.toString('base64url'), pair.publicKey.toString('base64url')];
    const jwk = { kty: 'OKP', crv: 'Ed25519', x };
    const signature = sign(null, Buffer.from('m'), createPrivateKey({ key: { ...jwk, d }, format: 'jwk' }));
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    expect(verify(null, Buffer.from('m'), publicKey, signature)).to.equal(true);
    expect(generateEd25519().seed.equals(pair.seed)).to.equal(false);
  });

  it('writes a private key that another reader of the format takes', () => {
    for (const comment of ['', 'a', 'wherry default', 'four']) {
      const parsed = ssh2.utils.parseKey(openSshPrivateKey(vector, comment));
      if (parsed instanceof Error) throw parsed;
      expect(parsed.getPublicSSH().equals(publicKeyBlob(vector))).to.equal(true);
      expect(parsed.comment).to.equal(comment);
    }
  });

  it('pins through known_hosts, per machine', () => {
    const text = `# mine\nother ssh-ed25519 AAAA\n${knownHostsText('default', vector)}`;
    expect(pinnedHostKey(text, 'default').equals(publicKeyBlob(vector))).to.equal(true);
    expect(() => pinnedHostKey(text, 'second')).to.throw('no ssh-ed25519 key for wherry-second');
  });
});
