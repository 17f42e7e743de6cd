import { expect } from 'chai';
import { hostPathOf, isHostPath, splitSource } from '../../../src/core/host-path.ts';

describe("paths of the user's computer, as Docker's clients write them", () => {
  const windows: readonly (readonly [string, string | undefined])[] = [
    [String.raw`C:\work`, String.raw`C:\work`],
    ['c:/work/src', String.raw`C:\work\src`],
    [String.raw`C:\work\.\a\..\b\ `.trim(), String.raw`C:\work\b`],
    ['C:\\', 'C:\\'],
    ['C:', 'C:\\'],
    ['/c/work', String.raw`C:\work`],
    ['/c', 'C:\\'],
    ['//c/work', String.raw`C:\work`],
    ['/mnt/d/work', String.raw`D:\work`],
    ['/host_mnt/c/work', String.raw`C:\work`],
    ['/run/desktop/mnt/host/c/work', String.raw`C:\work`],
    [String.raw`\\server\share\dir`, String.raw`\\server\share\dir`],
    ['//server/share/dir', String.raw`\\server\share\dir`],
    [String.raw`\\?\C:\work`, String.raw`C:\work`],
    [String.raw`\\.\pipe\docker_engine`, undefined],
    [String.raw`\work`, undefined],
    ['/work', undefined],
    ['work', undefined],
    ['./work', undefined],
    ['C:work', undefined],
    ['C:\\a\0b', undefined],
  ];
  for (const [source, path] of windows) {
    it(`on Windows ${JSON.stringify(source)} is ${path ?? 'none'}`, () => {
      expect(hostPathOf(source, true)).to.equal(path);
    });
  }

  const posix: readonly (readonly [string, string | undefined])[] = [
    ['/home/u', '/home/u'],
    ['/home/u/', '/home/u'],
    ['/home//u/./a/../b', '/home/u/b'],
    ['/../etc', '/etc'],
    ['/', '/'],
    ['/c/work', '/c/work'],
    ['//c/work', '/c/work'],
    ['./here', undefined],
    ['~/here', undefined],
    [String.raw`C:\work`, undefined],
    ['/a\0b', undefined],
  ];
  for (const [source, path] of posix) {
    it(`elsewhere ${JSON.stringify(source)} is ${path ?? 'none'}`, () => {
      expect(hostPathOf(source, false)).to.equal(path);
    });
  }

  it('are told from the names of volumes', () => {
    for (const path of ['/a', './a', '~/a', String.raw`C:\a`, 'c:/a', String.raw`\\server\share`]) {
      expect(isHostPath(path), path).to.equal(true);
    }
    for (const name of ['data', 'c', 'a.b', 'a-b_c']) expect(isHostPath(name), name).to.equal(false);
  });

  it('keep the colon of their drive in a bind', () => {
    expect(splitSource(String.raw`C:\work:/work:ro`)).to.deep.equal([String.raw`C:\work`, '/work:ro']);
    expect(splitSource('c:/work')).to.deep.equal(['c', '/work']);
    expect(splitSource('data:/data')).to.deep.equal(['data', '/data']);
    expect(splitSource('/data')).to.deep.equal(['/data', undefined]);
  });
});
