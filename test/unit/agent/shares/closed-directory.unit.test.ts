import { expect } from 'chai';
import fs, { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClosedDirectory } from '../../../../src/agent/shares/closed-directory.ts';

describe('the directory that is shared with nobody', () => {
  let root: string;
  let closed: ClosedDirectory;
  const { lstatSync } = fs;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'wherry-closed-')));
    mkdirSync(join(root, 'own', 'keys'), { recursive: true });
    closed = new ClosedDirectory(join(root, 'own'));
  });
  afterEach(() => {
    fs.lstatSync = lstatSync;
    syncBuiltinESMExports();
    rmSync(root, { recursive: true });
  });

  it('is told from what is beside it', () => {
    writeFileSync(join(root, 'own-too'), '');
    expect(closed.place(join(root, 'own'))).to.equal('itself');
    expect(closed.place(join(root, 'own', 'keys', 'new'))).to.equal('inside');
    for (const path of [root, join(root, 'own-too'), join(root, 'new')])
      expect(closed.place(path), path).to.equal('outside');
    expect(closed.isOnTheWay(root)).to.equal(true);
    expect(closed.isOnTheWay(join(root, 'own', 'keys'))).to.equal(false);
    expect(new ClosedDirectory(join(root, 'none')).place(root)).to.equal('outside');
  });

  it('is the same by another name, on a disk that doesn’t tell small letters from capitals', () => {
    // What such a disk answers.
    fs.lstatSync = ((path: string, options: object) =>
      lstatSync(path.replace('/OWN', '/own'), options)) as typeof lstatSync;
    syncBuiltinESMExports();
    expect(closed.place(join(root, 'OWN'))).to.equal('itself');
    expect(closed.place(join(root, 'OWN', 'keys'))).to.equal('inside');
    expect(closed.isOnTheWay(join(root, 'OWN'))).to.equal(true);
  });

  it('survives a path of symlinks that lead in a circle', () => {
    symlinkSync('b', join(root, 'a'));
    symlinkSync('a', join(root, 'b'));
    expect(new ClosedDirectory(join(root, 'a')).isOnTheWay(root)).to.equal(false);
  });
});
