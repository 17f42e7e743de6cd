import { expect } from 'chai';
import { cpioArchive } from '../../../../src/image-builder/cpio/newc.ts';
import { device, directory, fifo, file, symlink } from '../../../../src/image-builder/tree/nodes.ts';
import { FsTree } from '../../../../src/image-builder/tree/tree.ts';

interface Member {
  name: string;
  ino: number;
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  mtime: number;
  rdev: string;
  data: string;
}

/** Reads the format as the kernel's buffer-format.rst describes it. */
function members(archive: Buffer): Member[] {
  const found: Member[] = [];
  for (let at = 0; ;) {
    expect(archive.toString('latin1', at, at + 6)).to.equal('070701');
    const field = (index: number): number => {
      const start = at + 6 + index * 8;
      return Number.parseInt(archive.toString('latin1', start, start + 8), 16);
    };
    const [size, nameSize] = [field(6), field(11)];
    const dataAt = align(at + 110 + nameSize);
    const name = archive.toString('latin1', at + 110, at + 110 + nameSize - 1);
    expect(archive[at + 110 + nameSize - 1]).to.equal(0);
    if (name === 'TRAILER!!!') {
      expect(archive.subarray(dataAt).every((byte) => byte === 0)).to.equal(true);
      return found;
    }
    found.push({
      name,
      ino: field(0),
      mode: field(1),
      uid: field(2),
      gid: field(3),
      nlink: field(4),
      mtime: field(5),
      rdev: `${field(9)}:${field(10)}`,
      data: archive.toString('latin1', dataAt, dataAt + size),
    });
    at = align(dataAt + size);
  }
}

function align(value: number): number {
  return Math.ceil(value / 4) * 4;
}

function sample(): FsTree {
  const tree = new FsTree();
  tree.add('bin/busybox', file('12345', { mode: 0o4755, mtime: 17 }));
  tree.add('bin/sh', symlink('busybox'));
  tree.add('dev/console', device('char', 5, 1, { mode: 0o600 }));
  tree.add('dev/pipe', fifo({ uid: 1, gid: 2 }));
  tree.add('\xff', directory({ mode: 0o1777 }));
  tree.link('bin/ash', 'bin/busybox');
  return tree;
}

describe('cpioArchive', () => {
  it('writes folders first, every type, and a hard link’s data once, with its last name', () => {
    const archive = cpioArchive(sample());
    expect(archive.length % 512).to.equal(0);
    const common = { uid: 0, gid: 0, nlink: 1, mtime: 0, rdev: '0:0', data: '' };
    const busybox = { ...common, ino: 2, mode: 0o104755, nlink: 2, mtime: 17 };
    expect(members(archive)).to.deep.equal([
      { ...common, name: 'bin', ino: 1, mode: 0o040755, nlink: 2 },
      { ...busybox, name: 'bin/ash' },
      { ...busybox, name: 'bin/busybox', data: '12345' },
      { ...common, name: 'bin/sh', ino: 3, mode: 0o120777, data: 'busybox' },
      { ...common, name: 'dev', ino: 4, mode: 0o040755, nlink: 2 },
      { ...common, name: 'dev/console', ino: 5, mode: 0o020600, rdev: '5:1' },
      { ...common, name: 'dev/pipe', ino: 6, mode: 0o010644, uid: 1, gid: 2 },
      { ...common, name: '\xff', ino: 7, mode: 0o041777, nlink: 2 },
    ]);
  });

  it('writes the very bytes of the format', () => {
    const tree = new FsTree();
    tree.add('f', file('hi\n'));
    const zero = '00000000';
    // ino, mode, uid, gid, nlink, mtime, size, device, device number, length of the name, check
    const header = `07070100000001000081A4${zero.repeat(2)}00000001${zero}00000003${zero.repeat(4)}00000002${zero}`;
    const trailer = `070701${zero.repeat(4)}00000001${zero.repeat(6)}0000000B${zero}`;
    const expected = `${header}f\0hi\n\0${trailer}TRAILER!!!\0`;
    const archive = cpioArchive(tree).toString('latin1');
    expect(archive).to.equal(expected.padEnd(512, '\0'));
  });

  it('refuses a time that its 32 bits can’t hold', () => {
    const tree = new FsTree();
    tree.add('f', file('', { mtime: -1 }));
    expect(() => cpioArchive(tree)).to.throw("cpio can't hold");
  });
});
