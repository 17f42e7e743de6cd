import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its key, in PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Certified {
  /** A certificate for a server of these names (or IPv4 addresses). */
  issue(names: readonly string[], days?: { readonly from: number; readonly to: number }): Certified;
}

/** An authority of its own, and certificates by it: DER (ITU-T X.690) of X.509 v3 (RFC 5280), signed with P-256. */
export function makeAuthority(commonName = 'Test Authority'): Authority {
  const own = newKey();
  const basics = extension('551d13', true, sequence(tagged(0x01, Buffer.from([0xff]))));
  const cert = certificate({
    subject: commonName,
    issuer: commonName,
    keys: own,
    signer: own,
    extensions: [basics],
  });
  return {
    cert,
    key: pemOf(own.privateKey),
    issue(names, days) {
      const keys = newKey();
      const general = names.map((name) =>
        isIP(name) === 4
          ? tagged(0x87, Buffer.from(name.split('.').map(Number)))
          : tagged(0x82, Buffer.from(name)),
      );
      const extensions = [extension('551d11', false, sequence(...general))];
      const subject = names[0] ?? 'server';
      return {
        cert: certificate({ subject, issuer: commonName, keys, signer: own, extensions, days }),
        key: pemOf(keys.privateKey),
      };
    },
  };
}

interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const newKey = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' });

function certificate(parts: {
  readonly subject: string;
  readonly issuer: string;
  readonly keys: Keys;
  readonly signer: Keys;
  readonly extensions: readonly Buffer[];
  readonly days?: { readonly from: number; readonly to: number } | undefined;
}): string {
  const { from, to } = parts.days ?? { from: -1, to: 30 };
  const algorithm = sequence(tagged(0x06, Buffer.from('2a8648ce3d040302', 'hex'))); // ecdsa-with-SHA256
  const serial = randomBytes(8);
  serial[0] = 1;
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, serial),
    algorithm,
    nameOf(parts.issuer),
    sequence(timeIn(from), timeIn(to)),
    nameOf(parts.subject),
    parts.keys.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...parts.extensions)),
  );
  const signature = sign('sha256', body, parts.signer.privateKey);
  const der = sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts));

const nameOf = (commonName: string): Buffer =>
  sequence(
    tagged(0x31, sequence(tagged(0x06, Buffer.from('550403', 'hex')), tagged(0x0c, Buffer.from(commonName)))),
  );

function timeIn(days: number): Buffer {
  const text = new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return tagged(0x18, Buffer.from(text));
}

const extension = (oid: string, critical: boolean, value: Buffer): Buffer =>
  sequence(
    tagged(0x06, Buffer.from(oid, 'hex')),
    ...(critical ? [tagged(0x01, Buffer.from([0xff]))] : []),
    tagged(0x04, value),
  );
