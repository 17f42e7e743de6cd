import { expect } from 'chai';
import type { TarEntry } from '../../../../src/image-builder/tar/entry.ts';
import { readTar } from '../../../../src/image-builder/tar/reader.ts';
import type { TarLimits } from '../../../../src/image-builder/tar/reader.ts';

interface Fields {
  name: string;
  type?: string;
  content?: Buffer;
  size?: number;
  link?: string;
  prefix?: string;
  uidField?: Buffer;
}

/** A header block with its contents, as POSIX ustar lays it out. */
function block({
  name,
  type = '0',
  content = Buffer.alloc(0),
  link = '',
  prefix = '',
  size,
  uidField,
}: Fields): Buffer {
  const header = Buffer.alloc(512);
  const put = (text: string, offset: number): void => {
    header.write(text, offset, 'latin1');
  };
  put(name, 0);
  put('0000755\0', 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(`${(size ?? content.length).toString(8).padStart(11, '0')}\0`, 124);
  put('00000000144\0', 136);
  put(' '.repeat(8), 148);
  put(type, 156);
  put(link, 157);
  put('ustar\u000000', 257);
  put('0000010\0', 329);
  put('0000345\0', 337);
  put(prefix, 345);
  uidField?.copy(header, 108);
  put(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

const END = Buffer.alloc(1024);

/** In chunks of 100 bytes, so that nothing may rely on their borders. */
async function* chunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
}

async function read(parts: Buffer[], limits?: Partial<TarLimits>): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const entry of readTar(chunks(Buffer.concat(parts)), limits)) entries.push(entry);
  return entries;
}

async function failure(parts: Buffer[], limits?: Partial<TarLimits>): Promise<string> {
  try {
    await read(parts, limits);
  } catch (error) {
    return (error as Error).message;
  }
  return 'read without complaint';
}

function pax(records: Record<string, string>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length;
    while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
    return `${length}${rest}`;
  });
  return block({ name: 'pax', type: 'x', content: Buffer.from(lines.join(''), 'latin1') });
}

describe('tar reader', () => {
  it('reads files, folders, links and devices', async () => {
    const entries = await read([
      block({ name: './', type: '5' }),
      block({ name: './a/b', content: Buffer.from('hi') }),
      block({ name: './a/c', type: '1', link: './a/b' }),
      block({ name: 'l', type: '2', link: '../x/./y' }),
      block({ name: 'd', type: '3' }),
      block({ name: 'old/', type: '\0' }),
      END,
    ]);
    expect(entries.map(({ type, path, link }) => [type, path, link])).to.deep.equal([
      ['directory', '', ''],
      ['file', 'a/b', ''],
      ['hardlink', 'a/c', 'a/b'],
      ['symlink', 'l', '../x/./y'],
      ['char', 'd', ''],
      ['directory', 'old', ''],
    ]);
    expect(entries[1]).to.include({ mode: 0o755, mtime: 100 });
    expect(entries[1]?.content.toString()).to.equal('hi');
    expect(entries[4]).to.include({ devMajor: 8, devMinor: 0o345 });
  });

  it('keeps names that are not UTF-8, byte for byte', async () => {
    const [plain, long] = await read([
      block({ name: 'caf\xe9' }),
      block({ name: '@', type: 'L', content: Buffer.from(`${'\xff'.repeat(200)}\0`, 'latin1') }),
      block({ name: 'cut' }),
      END,
    ]);
    expect(Buffer.from(plain?.path ?? '', 'latin1')).to.deep.equal(Buffer.from([0x63, 0x61, 0x66, 0xe9]));
    expect(long?.path).to.equal('\xff'.repeat(200));
  });

  it('joins the ustar prefix and lets a pax header override the next entry only', async () => {
    const entries = await read([
      block({ name: 'n', prefix: 'p/q' }),
      pax({
        path: 'x/long',
        uid: '3000000',
        mtime: '12.75',
        'SCHILY.xattr.security.capability': '\x01\x00=\n',
      }),
      block({ name: 'short' }),
      block({ name: 'after' }),
      END,
    ]);
    expect(entries.map(({ path, uid, mtime }) => [path, uid, mtime])).to.deep.equal([
      ['p/q/n', 0, 100],
      ['x/long', 3_000_000, 12],
      ['after', 0, 100],
    ]);
    expect(entries[1]?.xattrs.get('security.capability')).to.deep.equal(Buffer.from([1, 0, 0x3d, 0x0a]));
    expect(entries[2]?.xattrs.size).to.equal(0);
  });

  it('reads base-256 numbers', async () => {
    const [entry] = await read([
      block({ name: 'a', uidField: Buffer.from([0x80, 0, 0, 0, 0, 0x2d, 0xc6, 0xc0]) }),
      END,
    ]);
    expect(entry?.uid).to.equal(3_000_000);
  });

  it('refuses paths that leave the root, sparse files, wrong checksums and truncation', async () => {
    expect(await failure([block({ name: 'a/../../b' }), END])).to.contain('leaves its root');
    expect(await failure([block({ name: 'a', type: '1', link: '../b' }), END])).to.contain('leaves its root');
    expect(await failure([block({ name: 'a', type: 'S' }), END])).to.contain('not supported');
    const damaged = block({ name: 'a' });
    damaged[0] = 0x62;
    expect(await failure([damaged, END])).to.contain('wrong checksum');
    expect(await failure([block({ name: 'a', size: 600, content: Buffer.from('x') })])).to.contain(
      'ends too early',
    );
    expect(await failure([block({ name: 'a' })])).to.contain('ends too early');
  });

  it('keeps its bounds', async () => {
    const file = block({ name: 'a', content: Buffer.alloc(600) });
    expect(await failure([file, END], { entryBytes: 599 })).to.contain('a has 600 bytes');
    expect(await failure([file, file, END], { totalBytes: 1000 })).to.contain('more than 1000 bytes');
    expect(await failure([file, file, END], { entries: 1 })).to.contain('1 entries');
  });
});
