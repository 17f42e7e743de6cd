import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { createCleartextMessage, generateKey, sign } from 'openpgp';
import type { PrivateKey } from 'openpgp';
import type { TrustedKey } from '../../../../src/image-builder/debian/signature.ts';

const run = promisify(execFile);

export const SUITE = 'trixie';
/** When the archive was signed; the tests' clock stands a day later. */
export const SIGNED = new Date('2026-11-20T02:00:00Z');
export const NOW = new Date('2026-11-21T02:00:00Z');

export interface Signer {
  trusted: TrustedKey;
  privateKey: PrivateKey;
}

export async function newSigner(name: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKey({
    userIDs: [{ name }],
    type: 'ecc',
    curve: 'ed25519Legacy',
    date: new Date('2026-01-01T00:00:00Z'),
    format: 'object',
  });
  return {
    privateKey,
    trusted: { name, fingerprint: publicKey.getFingerprint(), armored: publicKey.armor() },
  };
}

export interface FakePackage {
  name: string;
  version: string;
  depends?: string;
  /** Paths and contents. */
  files: Readonly<Record<string, string>>;
  compression?: 'xz' | 'gz' | 'zst' | 'none';
}

export interface ReleaseOptions {
  signer: Signer;
  packages: readonly FakePackage[];
  date?: Date;
  validUntil?: Date;
  codename?: string;
}

/** What a mirror would serve, by path below its root, made by the real tar, xz and gzip. */
export async function buildArchive(options: ReleaseOptions): Promise<Map<string, Buffer>> {
  const { signer, packages, date = SIGNED, codename = SUITE } = options;
  const files = new Map<string, Buffer>();
  const stanzas: string[] = [];
  for (const pkg of packages) {
    const deb = await buildDeb(pkg);
    const path = `pool/main/${pkg.name}_${pkg.version}_amd64.deb`;
    files.set(path, deb);
    stanzas.push(`${control(pkg)}Filename: ${path}\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`);
  }
  const list = Buffer.from(`${stanzas.join('\n')}\n`);
  const packed = await compress(list, 'xz');
  const listPath = 'main/binary-amd64/Packages';
  const release = [
    'Origin: Debian',
    'Suite: stable',
    `Codename: ${codename}`,
    `Date: ${date.toUTCString().replace('GMT', 'UTC')}`,
    ...(options.validUntil === undefined
      ? []
      : [`Valid-Until: ${options.validUntil.toUTCString().replace('GMT', 'UTC')}`]),
    'Acquire-By-Hash: yes',
    'SHA256:',
    ` ${sha256(list)} ${list.length} ${listPath}`,
    ` ${sha256(packed)} ${packed.length} ${listPath}.xz`,
    '',
  ].join('\n');
  const message = await createCleartextMessage({ text: release });
  const signed = await sign({ message, signingKeys: signer.privateKey, date });
  files.set(`dists/${SUITE}/InRelease`, Buffer.from(signed));
  files.set(`dists/${SUITE}/main/binary-amd64/by-hash/SHA256/${sha256(packed)}`, packed);
  return files;
}

function control({ name, version, depends }: FakePackage): string {
  const dependsLine = depends === undefined ? '' : `Depends: ${depends}\n`;
  return `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\n${dependsLine}`;
}

async function buildDeb(pkg: FakePackage): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-fake-deb-'));
  try {
    await writeFile(join(directory, 'control'), control(pkg));
    for (const [path, contents] of Object.entries(pkg.files)) {
      const target = join(directory, 'data', path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, contents);
    }
    const tar = async (output: string, folder: string, name: string): Promise<Buffer> => {
      const fixed = ['--owner=0', '--group=0', '--mtime=@0', '--sort=name'];
      await run('tar', ['-C', folder, ...fixed, '-cf', join(directory, output), name]);
      return readFile(join(directory, output));
    };
    const compression = pkg.compression ?? 'xz';
    const data = await compress(await tar('data.tar', join(directory, 'data'), '.'), compression);
    const suffix = compression === 'none' ? '' : `.${compression}`;
    return ar([
      ['debian-binary', Buffer.from('2.0\n')],
      ['control.tar.xz', await compress(await tar('control.tar', directory, './control'), 'xz')],
      [`data.tar${suffix}`, data],
    ]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function ar(members: readonly (readonly [string, Buffer])[]): Buffer {
  const parts: Buffer[] = [Buffer.from('!<arch>\n')];
  for (const [name, contents] of members) {
    const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(contents.length).padEnd(10)}\`\n`;
    parts.push(Buffer.from(header), contents, Buffer.alloc(contents.length % 2, 0x0a));
  }
  return Buffer.concat(parts);
}

async function compress(bytes: Buffer, how: 'xz' | 'gz' | 'zst' | 'none'): Promise<Buffer> {
  if (how === 'none') return bytes;
  if (how === 'gz') return gzipSync(bytes);
  if (how === 'zst') return zstdCompressSync(bytes);
  const child = run('xz', ['-6', '-c'], { encoding: 'buffer', maxBuffer: 1 << 28 });
  child.child.stdin?.end(bytes);
  return (await child).stdout;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
