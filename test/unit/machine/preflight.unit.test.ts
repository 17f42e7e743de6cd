import { expect } from 'chai';
import { checkComputer, preflightError } from '../../../src/machine/preflight.ts';
import { createFakeDriver } from '../../../src/drivers/fake/driver.ts';
import type { PreflightFinding } from '../../../src/drivers/driver.ts';
import type { Reporter } from '../../../src/machine/context.ts';
import { codeOf } from '../drivers/support.ts';

const missing: PreflightFinding = {
  level: 'error',
  subject: 'QEMU',
  message: 'QEMU is not installed',
  fix: { argv: ['apt-get', 'install', 'qemu-system-x86'], needsRoot: true },
};

describe('the check of this computer', () => {
  it('names the command that mends it, with sudo for those who need it, and ends with docker-machine’s status', () => {
    const forUser = preflightError(missing, 1000);
    expect(forUser).to.include({ code: 'PRECREATE_FAILED', exitCode: 3, message: 'QEMU is not installed' });
    expect(forUser.hint).to.equal(
      'Install it with:  sudo apt-get install qemu-system-x86\nOr let Wherry do it:  wherry doctor --fix',
    );
    expect(preflightError(missing, 0).hint).to.match(/^Install it with: {2}apt-get install/);
    const { fix, ...unmendable } = missing;
    expect(fix).not.to.equal(undefined);
    expect(preflightError(unmendable).hint).to.equal('See:  wherry doctor');
  });

  it('ends at the first error, and notes what isn’t one', async () => {
    const notes: string[] = [];
    const report: Reporter = {
      step: async (_, work) => (await work(() => undefined)).value,
      note: (text) => notes.push(text),
    };
    const driver = { ...createFakeDriver(), preflight: () => Promise.resolve([missing]) };
    expect(await codeOf(checkComputer(driver, 'amd64', report))).to.equal(
      'PRECREATE_FAILED: QEMU is not installed',
    );
    const slow: PreflightFinding = { level: 'note', subject: 'Accelerator', message: 'no kvm' };
    await checkComputer({ ...driver, preflight: () => Promise.resolve([slow]) }, 'amd64', report);
    expect(notes).to.deep.equal(['no kvm']);
  });
});
