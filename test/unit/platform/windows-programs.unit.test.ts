import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDataDisk } from '../../../src/drivers/qemu/files.ts';
import type { MachineSpec } from '../../../src/drivers/driver.ts';
import { systemQemuHost } from '../../../src/drivers/qemu/host.ts';
import { ancestors } from '../../../src/platform/ancestors.ts';
import { copySparse } from '../../../src/platform/copy-sparse.ts';
import { createProcesses } from '../../../src/platform/process-identity.ts';
import { markSparse } from '../../../src/platform/sparse-flag.ts';
import { systemProgram } from '../../../src/platform/windows-programs.ts';

describe('programs of Windows’ own', () => {
  let ran: (readonly string[])[];
  const result = { exitCode: 0, signal: undefined, timedOut: false, stdout: '1', stderr: '' };
  const run = (argv: readonly string[]) => {
    ran.push(argv);
    return Promise.resolve(result);
  };
  const exec = { run, check: run, spawnDetached: () => Promise.reject(new Error('not in this test')) };
  let directory: string;
  beforeEach(async () => {
    ran = [];
    directory = await mkdtemp(join(tmpdir(), 'wherry-programs-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('are those of the system’s directory, wherever that is', () => {
    expect(systemProgram('x.exe', {})).to.equal('C:\\Windows\\System32\\x.exe');
    expect(systemProgram('x.exe', { SystemRoot: 'D:\\W' })).to.equal('D:\\W\\System32\\x.exe');
  });

  const dataDisk = () => join(directory, 'data.img');
  const everyRun: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    ['listing processes', 'powershell.exe', () => ancestors(1, 'win32', exec)],
    ['knowing a process', 'powershell.exe', () => createProcesses(exec, 'win32').identify(7)],
    ['marking a file', 'fsutil.exe', () => markSparse('C:\\d', { exec, platform: 'win32' })],
    [
      'making a disk of QEMU’s',
      'fsutil.exe',
      () => {
        const spec = { dataDisk: dataDisk(), diskGiB: 1 } as MachineSpec;
        return makeDataDisk({ ...systemQemuHost(), platform: 'win32', exec }, spec);
      },
    ],
  ];
  for (const [what, program, work] of everyRun) {
    it(`are never looked for in the working directory: ${what}`, async () => {
      await work();
      expect(ran).to.have.length(1);
      expect(ran[0]?.[0])
        .to.match(/^[A-Z]:\\\w+\\System32\\/i)
        .and.satisfy((path: string) => path.endsWith(program));
    });
  }

  it('mark a copy before it is filled', async () => {
    await writeFile(dataDisk(), 'data');
    const to = join(directory, 'copy.img');
    await copySparse(dataDisk(), to, { exec, platform: 'win32' });
    // Where the filesystem shares blocks there is nothing to fill.
    for (const argv of ran)
      expect(argv).to.deep.equal([systemProgram('fsutil.exe'), 'sparse', 'setflag', to]);
  });
});
