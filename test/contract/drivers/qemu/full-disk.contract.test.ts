import { expect } from 'chai';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createQemuDriver } from '../../../../src/drivers/qemu/driver.ts';
import { failureOf } from '../../../helpers/machine/world.ts';
import { temporaryMachine } from '../machine-fixture.ts';
import { installStandIn } from './stand-in-driver.ts';

describe('a VM whose disk’s file can’t grow', () => {
  it('is in error, stands still while there is no room, and a start lets it go on', async () => {
    const { spec: plain, root, cleanUp } = await temporaryMachine();
    const spec = { ...plain, options: { binary: await installStandIn(root), accel: 'tcg' } };
    const driver = createQemuDriver({ stateDirectory: join(root, 'state') });
    const start = () =>
      driver.start(spec, {
        signal: new AbortController().signal,
        onLine: () => {},
        onNote: () => {},
        timeoutMs: 50_000,
      });
    try {
      await driver.create(spec);
      const vm = await start();
      expect(await failureOf(start())).to.contain('ALREADY_RUNNING');
      await writeFile(`${spec.consoleLog}.full`, '');
      expect(await driver.status(spec)).to.deep.equal({
        status: 'error',
        reason: 'its disk cannot be written: make room on this computer’s disk, then start it',
      });
      expect(await failureOf(start())).to.match(/^DISK_FULL: this computer's disk is full/);
      expect((await driver.status(spec)).status).to.equal('error');
      await rm(`${spec.consoleLog}.full`);
      expect(await start()).to.deep.equal(vm);
      expect(await driver.status(spec)).to.deep.equal({ status: 'running', vm });
    } finally {
      await driver.kill(spec);
      await cleanUp();
    }
  });
});
