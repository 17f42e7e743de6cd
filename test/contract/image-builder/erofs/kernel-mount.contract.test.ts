import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  truncateSync,
  writeSync,
  type BigIntStats,
} from 'node:fs';
import { expect } from 'chai';
import koffi from 'koffi';
import { writeErofs } from '../../../../src/image-builder/erofs/writer.ts';
import { file } from '../../../../src/image-builder/tree/nodes.ts';
import { FsTree } from '../../../../src/image-builder/tree/tree.ts';
import {
  factsOfTree,
  hexValues,
  pattern,
  sampleTree,
  sha256,
  temporaryFolder,
  type Facts,
} from '../../../unit/image-builder/erofs/sample-tree.ts';

const GIB = 1024 ** 3;

/** A tmpfs: reading the holes of its files costs no memory. */
function tmpfs(at: string, size: string): Disposable {
  mkdirSync(at);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at]);
  return { [Symbol.dispose]: () => void execFileSync('umount', [at]) };
}

/** Mounts an image read-only through a loop device; unmounts when disposed of. */
function mounted(image: string, at: string): Disposable {
  mkdirSync(at);
  execFileSync('mount', ['-t', 'erofs', '-o', 'ro,loop', image, at]);
  return { [Symbol.dispose]: () => void execFileSync('umount', [at]) };
}

/** A path of bytes: the mount point is ASCII, the rest may be anything. */
function bytesPath(root: string, path: string): Buffer {
  return Buffer.from(path === '' ? root : `${root}/${path}`, 'latin1');
}

/** lgetxattr(2) and llistxattr(2), which Node lacks. */
function xattrReader(): (path: Buffer) => Map<string, Buffer> {
  const libc = koffi.load('libc.so.6');
  const list = libc.func('int64_t llistxattr(const char *path, _Out_ uint8_t *list, size_t size)');
  const get = libc.func(
    'int64_t lgetxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)',
  );
  return (path) => {
    const cPath = Buffer.concat([path, Buffer.alloc(1)]);
    const names = Buffer.alloc(65_536);
    const length = Number(list(cPath, names, names.length));
    expect(length, `llistxattr ${path.toString('latin1')}`).to.be.at.least(0);
    const found = new Map<string, Buffer>();
    for (const name of names.toString('latin1', 0, length).split('\0').slice(0, -1)) {
      const value = Buffer.alloc(65_536);
      const size = Number(get(cPath, Buffer.from(`${name}\0`, 'latin1'), value, value.length));
      expect(size, `lgetxattr ${name}`).to.be.at.least(0);
      found.set(name, value.subarray(0, size));
    }
    return found;
  };
}

function typeOf(stat: BigIntStats): string {
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isCharacterDevice()) return 'char';
  return stat.isBlockDevice() ? 'block' : 'file';
}

/** What the kernel says about every path below a mount point. */
function factsOfMount(root: string): Map<string, Facts> {
  const facts = new Map<string, Facts>();
  const xattrsOf = xattrReader();
  const visit = (path: string): void => {
    const at = bytesPath(root, path);
    const stat = lstatSync(at, { bigint: true });
    const type = typeOf(stat);
    const fact: Facts = {
      type,
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtime: Number(stat.mtimeNs / 1_000_000_000n),
      links: Number(stat.nlink),
      xattrs: hexValues(xattrsOf(at)),
    };
    if (type === 'file') Object.assign(fact, { size: Number(stat.size), content: sha256(readFileSync(at)) });
    if (type === 'symlink') fact.target = readlinkSync(at, 'latin1');
    // glibc's makedev(): 12 + 20 bits of major, 8 + 24 bits of minor, interleaved
    const { rdev } = stat;
    if (type === 'char' || type === 'block')
      fact.device = [Number((rdev >> 8n) & 0xfffn), Number((rdev & 0xffn) | ((rdev >> 12n) & 0xfff00n))];
    facts.set(path, fact);
    if (type !== 'directory') return;
    for (const name of readdirSync(at, 'latin1')) visit(path === '' ? name : `${path}/${name}`);
  };
  visit('');
  return facts;
}

describe('an EROFS image, mounted by the kernel', () => {
  before(() => {
    if (process.platform !== 'linux' || process.getuid?.() !== 0)
      throw new Error('This test mounts file systems: run it as root on Linux.');
  });

  it('shows every name, field, xattr and byte of the tree, 5,000 entries in one directory included', async () => {
    using folder = temporaryFolder();
    const tree = sampleTree(5000);
    await writeErofs(tree, folder.join('image'), { buildTime: 0 });
    using _mount = mounted(folder.join('image'), folder.join('mnt'));
    const expected = factsOfTree(tree);
    const found = factsOfMount(folder.join('mnt'));
    expect(found.size).to.equal(expected.size);
    for (const [path, fact] of expected) expect(found.get(path), path).to.deep.equal(fact);
    const inode = (path: string): number => lstatSync(bytesPath(folder.join('mnt'), path)).ino;
    expect(inode('hard/one')).to.equal(inode('xattrs/file')).and.to.equal(inode('hard/two'));
  });

  it('holds a file of 2 GiB and more, and takes no space for its zeros', async () => {
    using folder = temporaryFolder();
    using _memory = tmpfs(folder.join('memory'), '16m');
    const [source, image] = [folder.join('memory/source'), folder.join('image')];
    const marks = [0, 4096 * 777 - 5, GIB, 2 * GIB - 3, 2 * GIB + 4096 + 100];
    const length = 2 * GIB + 4096 + 123;
    const fd = openSync(source, 'w');
    for (const [index, at] of marks.entries()) writeSync(fd, pattern(23, index), 0, 23, at);
    closeSync(fd);
    truncateSync(source, length);
    const tree = new FsTree();
    tree.add('large', file({ path: source, offset: 0, length }));
    tree.add('z', file(pattern(5000, 8)));
    await writeErofs(tree, image);
    expect(lstatSync(image).blocks * 512).to.be.below(64 * 1024 * 1024);
    using _mount = mounted(image, folder.join('mnt'));
    const large = folder.join('mnt/large');
    expect(lstatSync(large).size).to.equal(length);
    const readAt = (at: number, count: number): Buffer => {
      const bytes = Buffer.alloc(count);
      const opened = openSync(large, 'r');
      expect(readSync(opened, bytes, 0, count, at)).to.equal(Math.min(count, length - at));
      closeSync(opened);
      return bytes;
    };
    for (const [index, at] of marks.entries()) {
      expect(readAt(at, 23).equals(pattern(23, index)), `at ${at}`).to.equal(true);
      const before = at === 0 ? Buffer.alloc(0) : readAt(at - 64, 64);
      expect(
        before.every((byte) => byte === 0),
        `before ${at}`,
      ).to.equal(true);
    }
    expect(readFileSync(folder.join('mnt/z')).equals(pattern(5000, 8))).to.equal(true);
  });

  it('lets a full disk be known as such, and leaves nothing half-made', async () => {
    using folder = temporaryFolder();
    using _disk = tmpfs(folder.join('small'), '1m');
    const tree = new FsTree();
    tree.add('f', file(pattern(9_000_000, 1)));
    const failure: unknown = await writeErofs(tree, folder.join('small/image')).catch(
      (error: unknown) => error,
    );
    expect(failure).to.have.property('code', 'ENOSPC');
    expect(existsSync(folder.join('small/image'))).to.equal(false);
  });
});
