import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { cpioArchive } from '../../../../src/image-builder/cpio/newc.ts';
import { directory, fifo, file, symlink } from '../../../../src/image-builder/tree/nodes.ts';
import { FsTree } from '../../../../src/image-builder/tree/tree.ts';
import { debianTools } from '../../../helpers/debian-tools.ts';
import { pattern, temporaryFolder } from '../../../unit/image-builder/erofs/sample-tree.ts';

describe('a cpio archive, unpacked by GNU cpio', function () {
  this.timeout(120_000);

  it('has the names, modes, times, links and content of the tree', async () => {
    const { binDir } = await debianTools(['cpio']);
    using folder = temporaryFolder();
    const tree = new FsTree();
    tree.add('sbin/init', file(pattern(70_001, 4), { mode: 0o755, mtime: 1_700_000_000 }));
    tree.add('dev', directory({ mode: 0o700 }));
    tree.add('dev/pipe', fifo());
    tree.add('lib', symlink('usr/lib'));
    tree.link('z/init', 'sbin/init');
    const archive = cpioArchive(tree);
    const cpio = join(binDir, 'cpio');
    const listed = execFileSync(cpio, ['-t', '--quiet'], { input: archive, encoding: 'latin1' });
    expect(listed.split('\n')).to.deep.equal([
      'dev',
      'dev/pipe',
      'lib',
      'sbin',
      'sbin/init',
      'z',
      'z/init',
      '',
    ]);
    mkdirSync(folder.join('out'));
    execFileSync(cpio, ['-im', '--quiet'], { input: archive, cwd: folder.join('out') });
    const init = lstatSync(folder.join('out/sbin/init'));
    expect(init).to.include({ nlink: 2, size: 70_001, mtimeMs: 1_700_000_000_000 });
    expect(init.mode & 0o7777).to.equal(0o755);
    expect(readFileSync(folder.join('out/z/init')).equals(pattern(70_001, 4))).to.equal(true);
    expect(lstatSync(folder.join('out/dev')).mode & 0o7777).to.equal(0o700);
    expect(lstatSync(folder.join('out/dev/pipe')).isFIFO()).to.equal(true);
    expect(readlinkSync(folder.join('out/lib'))).to.equal('usr/lib');
  });
});
