import { expect } from 'chai';
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WherryError } from '../../../src/core/errors.ts';
import { copySparse } from '../../../src/platform/copy-sparse.ts';
import { systemExec } from '../../../src/platform/exec.ts';
import { smallDisk } from '../../helpers/small-disk.ts';

const MIB = 2 ** 20;

describe('copying a sparse file', () => {
  let directory: string;
  let from: string;
  let to: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-copy-'));
    [from, to] = [join(directory, 'from'), join(directory, 'to')];
    const file = await open(from, 'w', 0o640);
    await file.truncate(12 * MIB + 5);
    await file.write('first', 3 * MIB - 2);
    await file.write('last!', 12 * MIB);
    await file.close();
  });
  afterEach(() => rm(directory, { recursive: true }));

  const noCp = {
    ...systemExec,
    run: () => Promise.reject(new WherryError({ code: 'EXEC_NOT_FOUND', message: 'no cp' })),
  };
  const failingCp = {
    ...systemExec,
    run: async () => {
      await writeFile(to, 'rubbish of a cp that failed');
      return { exitCode: 1, signal: undefined, timedOut: false, stdout: '', stderr: '' };
    },
  };
  for (const [how, exec, platform] of [
    ['by cp', systemExec, process.platform],
    ['without cp', noCp, 'linux'],
    ['after a cp that failed', failingCp, 'linux'],
    ['elsewhere', systemExec, 'darwin'],
  ] as const) {
    it(`gives the same bytes, leaves holes, and is its owner's alone: ${how}`, async () => {
      await copySparse(from, to, { exec, platform });
      expect((await readFile(to)).equals(await readFile(from))).to.equal(true);
      const { blocks, mode, size } = await stat(to);
      expect(size).to.equal(12 * MIB + 5);
      expect(blocks * 512).to.be.lessThan(4 * MIB);
      expect(mode & 0o777).to.equal(0o600);
    });
  }

  it('leaves nothing on a disk that is full', async () => {
    await writeFile(from, Buffer.alloc(2 * MIB, 'x'));
    using disk = smallDisk(MIB);
    for (const exec of [systemExec, noCp]) {
      const copied = copySparse(from, join(disk.path, 'to'), { exec, platform: 'linux' });
      expect(await copied.then(String, (error: Error) => error.message)).to.contain('ENOSPC');
      expect(await readdir(disk.path)).to.deep.equal([]);
    }
  });

  it('leaves nothing where it is interrupted or fails, and never touches a file that is there', async () => {
    const ports = { exec: noCp, platform: 'linux' } as const;
    const interrupted = AbortSignal.abort(new Error('Ctrl-C'));
    const outcome = (work: Promise<void>) => work.then(String, (error: Error) => error.message);
    expect(await outcome(copySparse(from, to, ports, interrupted))).to.equal('Ctrl-C');
    expect(await outcome(copySparse(join(directory, 'absent'), to, ports))).to.contain('ENOENT');
    expect(await readdir(directory)).to.deep.equal(['from']);
    await writeFile(to, 'precious');
    expect(await outcome(copySparse(from, to, ports))).to.contain('EEXIST');
    expect(await readFile(to, 'utf8')).to.equal('precious');
  });
});
