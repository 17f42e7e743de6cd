import { expect } from 'chai';
import { applyEntry, type TreeEntry } from '../../../../src/image-builder/tree/apply.ts';
import { globToRegExp } from '../../../../src/image-builder/tree/glob.ts';
import { mergeUsr } from '../../../../src/image-builder/tree/merged-usr.ts';
import { byteString, directory, file, symlink } from '../../../../src/image-builder/tree/nodes.ts';
import { FsTree, linkCounts } from '../../../../src/image-builder/tree/tree.ts';

function entry(path: string, type: TreeEntry['type'], more: Partial<TreeEntry> = {}): TreeEntry {
  return { path, type, mode: 0o644, uid: 0, gid: 0, mtime: 7, ...more };
}

function paths(tree: FsTree): string[] {
  return [...tree.entries()].map(([path]) => path);
}

describe('FsTree', () => {
  it('makes missing folders, owned by root, 0755', () => {
    const tree = new FsTree();
    tree.add('./a/b/c', file('x'));
    expect(tree.lookup('/a/b')).to.include({ type: 'directory', mode: 0o755, uid: 0, gid: 0 });
    expect(paths(tree)).to.deep.equal(['', 'a', 'a/b', 'a/b/c']);
  });

  it('keeps names that are no UTF-8 and lists siblings in byte order', () => {
    const tree = new FsTree();
    for (const name of ['\xff', 'b', byteString('ä'), 'B', 'a-b', 'a']) tree.add(name, file(''));
    expect(paths(tree)).to.deep.equal(['', 'B', 'a', 'a-b', 'b', '\xc3\xa4', '\xff']);
  });

  it('lands members under lib/ in usr/lib/ once /usr is merged, in any order', () => {
    const tree = new FsTree();
    mergeUsr(tree, 'amd64');
    applyEntry(tree, entry('./lib/', 'directory', { mode: 0o700 }));
    applyEntry(tree, entry('./lib/x/y.so', 'file', { content: Buffer.from('so') }));
    applyEntry(tree, entry('./lib', 'symlink', { link: 'usr/lib' }));
    expect(tree.lookup('usr/lib/x/y.so')).to.include({ type: 'file', mtime: 7 });
    expect(tree.lookup('lib')).to.include({ type: 'symlink', target: 'usr/lib' });
    expect(tree.lookup('usr/lib')).to.include({ mode: 0o755 });
    expect(tree.lookup('lib64')).to.include({ target: 'usr/lib64' });
  });

  it('never leaves the root, however a symlink points', () => {
    const tree = new FsTree();
    tree.add('up', symlink('../../../outside'));
    tree.add('abs', symlink('/etc'));
    tree.add('up/x', file(''));
    tree.add('abs/../../y', file(''));
    expect(paths(tree)).to.deep.equal(['', 'abs', 'etc', 'outside', 'outside/x', 'up', 'y']);
  });

  it('refuses symlinks that go round in circles, and paths through files', () => {
    const tree = new FsTree();
    tree.add('a', symlink('b'));
    tree.add('b', symlink('a'));
    tree.add('f', file(''));
    expect(() => tree.add('a/x', file(''))).to.throw('Too many levels of symbolic links');
    expect(() => tree.add('f/x', file(''))).to.throw("isn't a directory");
    expect(tree.lookup('f/x')).to.equal(undefined);
  });

  it('updates a directory and keeps what is in it, and refuses to put a file over it', () => {
    const tree = new FsTree();
    tree.add('tmp/x', file(''));
    tree.add('tmp', directory({ mode: 0o1777 }));
    expect(tree.lookup('tmp')).to.include({ mode: 0o1777 });
    expect(tree.lookup('tmp/x')).to.include({ type: 'file' });
    expect(() => tree.add('tmp', file(''))).to.throw(`a directory that isn't empty is there`);
  });

  it('counts links: names of a file, 2 and its folders for a directory', () => {
    const tree = new FsTree();
    tree.add('a/one', file('x'));
    applyEntry(tree, entry('b/two', 'hardlink', { link: './a/one' }));
    const counts = linkCounts(tree.root);
    expect(tree.lookup('b/two')).to.equal(tree.lookup('a/one'));
    expect(counts.get(tree.lookup('a/one') ?? tree.root)).to.equal(2);
    expect(counts.get(tree.root)).to.equal(4);
    expect(() => tree.link('c', 'none')).to.throw('no such file');
    expect(() => tree.link('c', 'a')).to.throw('it is a directory');
  });

  it('unpacks devices, fifos and xattrs', () => {
    const tree = new FsTree();
    applyEntry(tree, entry('dev/sda', 'block', { devMajor: 8, devMinor: 1, mode: 0o60660 }));
    applyEntry(tree, entry('pipe', 'fifo'));
    applyEntry(tree, entry('f', 'file', { xattrs: new Map([['user.a', Buffer.from('1')]]) }));
    expect(tree.lookup('dev/sda')).to.include({ type: 'block', major: 8, minor: 1, mode: 0o660 });
    expect(tree.lookup('pipe')).to.include({ type: 'fifo' });
    expect(tree.lookup('f')?.xattrs.get('user.a')?.toString()).to.equal('1');
    expect(() => applyEntry(tree, entry('l', 'symlink'))).to.throw('names no target');
  });

  it('removes by path and by pattern', () => {
    const tree = new FsTree();
    for (const path of [
      'usr/share/doc/a/copyright',
      'usr/share/man/x',
      'usr/share/zone',
      'usr/lib/a.a',
      'b.a',
    ])
      tree.add(path, file(''));
    expect(tree.remove('usr/share/{doc}')).to.equal(0);
    expect(tree.remove('/usr/share/doc/')).to.equal(1);
    expect(tree.remove('usr/share/ma*/**')).to.equal(1);
    expect(tree.remove('**/*.a')).to.equal(2);
    expect(paths(tree)).to.deep.equal(['', 'usr', 'usr/lib', 'usr/share', 'usr/share/man', 'usr/share/zone']);
  });
});

describe('globToRegExp', () => {
  const cases: [pattern: string, path: string, matches: boolean][] = [
    ['a/*', 'a/b', true],
    ['a/*', 'a/b/c', false],
    ['a/**', 'a/b/c', true],
    ['**/x', 'x', true],
    ['**/x', 'a/b/x', true],
    ['**/x', 'a/bx', false],
    ['a?c', 'a/c', false],
    ['a.c', 'abc', false],
    ['[a-c]1', 'b1', true],
    ['[!a-c]1', 'b1', false],
    ['A', 'a', false],
    ['c++[', 'c++[', true],
  ];
  for (const [pattern, path, matches] of cases)
    it(`${pattern} ${matches ? 'takes' : 'leaves'} ${path}`, () => {
      expect(globToRegExp(pattern).test(path)).to.equal(matches);
    });
});
