import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { crc32c } from '../../../../src/core/crc32c.ts';
import {
  decodeDevice,
  encodeDevice,
  inodeSize,
  typeOfMode,
} from '../../../../src/image-builder/erofs/inode.ts';
import { ErofsReader, type ReadInode } from '../../../../src/image-builder/erofs/reader.ts';
import { writeErofs } from '../../../../src/image-builder/erofs/writer.ts';
import { directory, file } from '../../../../src/image-builder/tree/nodes.ts';
import { FsTree } from '../../../../src/image-builder/tree/tree.ts';
import {
  factsOfTree,
  hexValues,
  pattern,
  sampleTree,
  sha256,
  temporaryFolder,
  type Facts,
} from './sample-tree.ts';

function factsOfImage(reader: ErofsReader): Map<string, Facts> {
  const facts = new Map<string, Facts>();
  const visit = (inode: ReadInode, path: string, parent: number): void => {
    const type = typeOfMode(inode.mode);
    const { uid, gid, mtime, links, size } = inode;
    const fact: Facts = {
      type,
      mode: inode.mode & 0o7777,
      uid,
      gid,
      mtime,
      links,
      xattrs: hexValues(reader.xattrs(inode)),
    };
    if (type === 'file') Object.assign(fact, { size, content: sha256(reader.content(inode)) });
    if (type === 'symlink') fact.target = reader.content(inode).toString('latin1');
    if (type === 'char' || type === 'block') {
      const { major, minor } = decodeDevice(inode.address);
      fact.device = [major, minor];
    }
    facts.set(path, fact);
    if (type !== 'directory') return;
    const entries = reader.entries(inode);
    const names = entries.map(({ name }) => name);
    expect(names).to.deep.equal([...names].sort(compare));
    for (const { name, nid } of entries) {
      if (name === '.') expect(nid).to.equal(inode.nid);
      else if (name === '..') expect(nid).to.equal(parent);
      else visit(reader.inode(nid), path === '' ? name : `${path}/${name}`, inode.nid);
    }
  };
  const root = reader.inode(reader.superblock.rootNid);
  visit(root, '', root.nid);
  return facts;
}

/** Hexadecimal digits that are spaced for the reader. */
function hex(digits: string): string {
  return digits.replaceAll(' ', '');
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
}

describe('EROFS', () => {
  it('gives back everything that was written', async () => {
    using folder = temporaryFolder();
    const tree = sampleTree(600);
    const result = await writeErofs(tree, folder.join('image'), { volumeName: 'wherry' });
    using reader = new ErofsReader(folder.join('image'));
    const expected = factsOfTree(tree);
    const found = factsOfImage(reader);
    expect([...found.keys()].sort(compare)).to.deep.equal([...expected.keys()].sort(compare));
    for (const [path, fact] of expected) expect(found.get(path), path).to.deep.equal(fact);
    expect(reader.superblock).to.include({ volumeName: 'wherry', inodes: result.inodes });
    expect(reader.superblock.blocks * 4096).to.equal(result.bytes);
    expect(reader.lookup('hard/two')?.nid).to.equal(reader.lookup('xattrs/file')?.nid);
    expect(reader.lookup('xattrs/none')).to.equal(undefined);
  });

  it('writes the same bytes for the same tree, whatever the order and the kind of its content', async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.join('source'), Buffer.concat([Buffer.alloc(7), pattern(9000, 1)]));
    const [one, two] = [new FsTree(), new FsTree()];
    one.add('a/x', file(pattern(9000, 1)));
    one.add('a/y', file('y'));
    one.add('b', directory({ mtime: 3 }));
    two.add('b', directory({ mtime: 3 }));
    two.add('a/y', file('y'));
    two.add('a/x', file({ path: folder.join('source'), offset: 7, length: 9000 }));
    const { uuid } = await writeErofs(one, folder.join('one'));
    await writeErofs(two, folder.join('two'));
    expect(sha256(readFileSync(folder.join('one')))).to.equal(sha256(readFileSync(folder.join('two'))));
    one.add('a/x', file(pattern(9000, 2)));
    expect((await writeErofs(one, folder.join('one'))).uuid.equals(uuid)).to.equal(false);
  });

  /** Pinned, so that every host is seen to write the same. It changes only with a deliberate change of the layout. */
  it('writes the sample as it always did', async () => {
    using folder = temporaryFolder();
    await writeErofs(sampleTree(50), folder.join('image'), { buildTime: 1_700_000_000 });
    expect(sha256(readFileSync(folder.join('image')))).to.equal(
      '93590bbd0e8cd90733fdc188069d7fc5ddad6310a38b8d6b4efc3e7767f91fdf',
    );
  });

  it('writes the superblock that erofs_fs.h describes', async () => {
    using folder = temporaryFolder();
    await writeErofs(new FsTree(), folder.join('image'), { buildTime: 0x1234, volumeName: 'v' });
    const image = readFileSync(folder.join('image'));
    expect(image.length).to.equal(4096);
    // magic; compat SB_CHKSUM | MTIME; 4 KiB; root in the slot after the superblock; 1 inode; time; 1 block
    expect(image.toString('hex', 1024, 1028)).to.equal('e2e1f5e0');
    expect(image.toString('hex', 1032, 1072)).to.equal(
      hex('03000000 0c 00 2400 0100000000000000 3412000000000000 00000000 01000000 0000000000000000'),
    );
    expect(image.readUInt8(1024 + 48 + 6) >> 4).to.equal(8);
    expect(image.toString('hex', 1088, 1090)).to.equal('7600');
    // The root: extended (its mtime isn't the build time), inline data; then `.` and `..`
    expect(image.toString('hex', 1152, 1168)).to.equal(hex('05000000ed410000 1b00000000000000'));
    expect(image.toString('hex', 1216, 1243)).to.equal(
      hex('2400000000000000 1800 02 00 2400000000000000 1900 02 00 2e2e2e'),
    );
  });

  it('refuses a damaged superblock and a file that is no image', async () => {
    using folder = temporaryFolder();
    await writeErofs(sampleTree(1), folder.join('image'));
    const image = readFileSync(folder.join('image'));
    image.writeUInt8(image.readUInt8(1024 + 49) ^ 1, 1024 + 49);
    writeFileSync(folder.join('damaged'), image);
    writeFileSync(folder.join('other'), Buffer.alloc(8192));
    expect(() => new ErofsReader(folder.join('damaged'))).to.throw("checksum doesn't match");
    expect(() => new ErofsReader(folder.join('other'))).to.throw('no EROFS superblock');
  });

  it('leaves nothing behind when it fails', async () => {
    using folder = temporaryFolder();
    const image = folder.join('image');
    writeFileSync(folder.join('short'), 'abc');
    const tree = new FsTree();
    tree.add('f', file({ path: folder.join('short'), offset: 1, length: 3 }));
    expect(await failure(writeErofs(tree, image))).to.include('ended before byte 4');
    tree.add('f', file({ path: folder.join('none'), offset: 0, length: 9000 }));
    expect(await failure(writeErofs(tree, image))).to.include('ENOENT');
    expect(await failure(writeErofs(sampleTree(1), image, { signal: AbortSignal.abort() }))).to.include(
      'aborted',
    );
    expect(existsSync(image)).to.equal(false);
  });

  it('refuses names and xattrs that the format has no room for', async () => {
    using folder = temporaryFolder();
    const name = new FsTree();
    name.add('x'.repeat(256), file(''));
    expect(await failure(writeErofs(name, folder.join('image')))).to.include('1 to 255 bytes');
    const xattr = new FsTree();
    xattr.add('f', file('', { xattrs: new Map([['other.x', Buffer.from('')]]) }));
    expect(await failure(writeErofs(xattr, folder.join('image')))).to.include('other.x');
  });

  it('takes the larger inode when a field needs it', () => {
    const inode = { mode: 0, uid: 0, gid: 0, mtime: 4, links: 1, size: 0, xattrCount: 0, layout: 0 };
    expect(inodeSize(inode, 4)).to.equal(32);
    expect(inodeSize({ ...inode, links: 65_535, size: 2 ** 32 - 1 }, 4)).to.equal(32);
    for (const change of [
      { uid: 65_536 },
      { gid: 65_536 },
      { mtime: 5 },
      { links: 65_536 },
      { size: 2 ** 32 },
    ])
      expect(inodeSize({ ...inode, ...change }, 4), JSON.stringify(change)).to.equal(64);
  });

  it('packs device numbers as the kernel does', () => {
    expect(encodeDevice(8, 1)).to.equal(0x801);
    expect(encodeDevice(4095, 0xfffff)).to.equal(0xffff_ffff);
    expect(decodeDevice(encodeDevice(259, 70_000))).to.deep.equal({ major: 259, minor: 70_000 });
  });

  it('counts CRC-32C (check value of RFC 3720)', () => {
    expect((crc32c(0xffff_ffff, Buffer.from('123456789')) ^ 0xffff_ffff) >>> 0).to.equal(0xe306_9283);
  });
});

async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return String(error);
  }
  throw new Error('It should have failed.');
}
