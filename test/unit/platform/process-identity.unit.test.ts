import { expect } from 'chai';
import { createProcesses, parseProcStat } from '../../../src/platform/process-identity.ts';
import type { Exec } from '../../../src/platform/exec.ts';

function execPrinting(stdout: string, exitCode = 0): Exec {
  const result = { exitCode, signal: undefined, timedOut: false, stdout, stderr: '' };
  return {
    run: () => Promise.resolve(result),
    check: () => Promise.resolve(result),
    spawnDetached: () => Promise.reject(new Error('not in this test')),
  };
}

describe('process identity', () => {
  it('reads field 22 of a stat line whose command name looks like fields', () => {
    const fields = Array.from({ length: 49 }, (_, index) => String(index + 4)).join(' ');
    expect(parseProcStat(`42 (evil) S 1 (x) R ${fields}`)).to.equal('22');
  });

  it('takes a zombie for gone', () => {
    expect(parseProcStat('42 (x) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 0 1 0 777 0')).to.equal(undefined);
    expect(parseProcStat('42 (x) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 0 0 3 0 777 0')).to.equal('777');
  });

  it('knows itself, and tells a recycled pid apart', async () => {
    const processes = createProcesses();
    const self = await processes.self();
    expect(await processes.isAlive(self)).to.equal(true);
    expect(await processes.isAlive({ pid: self.pid, startedAt: 'earlier-boot/1' })).to.equal(false);
    expect(await processes.signal({ pid: self.pid, startedAt: 'earlier-boot/1' }, 'SIGKILL')).to.equal(false);
  });

  it('parses ps of macOS', async () => {
    const processes = createProcesses(execPrinting('Ss   Mon Nov 16 09:12:01 2026\n'), 'darwin');
    expect(await processes.identify(7)).to.deep.equal({ pid: 7, startedAt: 'Mon Nov 16 09:12:01 2026' });
    expect(await createProcesses(execPrinting('', 1), 'darwin').identify(7)).to.equal(undefined);
  });

  it('parses powershell of Windows', async () => {
    const processes = createProcesses(execPrinting('134079291210000000\r\n'), 'win32');
    expect(await processes.identify(7)).to.deep.equal({ pid: 7, startedAt: '134079291210000000' });
    expect(await createProcesses(execPrinting('\r\n'), 'win32').identify(7)).to.equal(undefined);
  });
});
