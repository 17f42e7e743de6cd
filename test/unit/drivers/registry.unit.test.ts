import { expect } from 'chai';
import { driverFlags } from '../../../src/drivers/module.ts';
import { driverFor, driverNames, loadDriverModule } from '../../../src/drivers/registry.ts';
import type { MachineSpec } from '../../../src/drivers/driver.ts';
import { parseEngineUrl } from '../../../src/drivers/none/url.ts';
import { codeOf } from './support.ts';

const SPEC = { name: 'm', options: {} } as unknown as MachineSpec;

describe('the drivers’ registry', () => {
  it('loads every driver it names', async () => {
    for (const name of driverNames()) {
      expect((await loadDriverModule(name)).name).to.equal(name);
      expect((await driverFor(name, { stateDirectory: '/nonexistent' })).name).to.equal(name);
    }
  });

  it('words an unknown driver as docker-machine does', async () => {
    expect(await codeOf(loadDriverModule('bogus'))).to.equal(
      'DRIVER_NOT_FOUND: Driver "bogus" not found. ' +
        'Do you have the plugin binary "docker-machine-driver-bogus" accessible in your PATH?',
    );
    expect(await codeOf(loadDriverModule('constructor'))).to.match(/^DRIVER_NOT_FOUND/);
  });

  it('stands in for a driver that is not there: everything says so, nothing throws early', async () => {
    const missing = await driverFor('bogus', { stateDirectory: '/nonexistent' });
    for (const call of [
      missing.preflight('amd64'),
      missing.create(SPEC),
      missing.stop(SPEC, 1),
      missing.kill(SPEC),
      missing.remove(SPEC),
      missing.status(SPEC),
    ]) {
      expect(await codeOf(call)).to.match(/^DRIVER_NOT_FOUND: Driver "bogus" not found/);
    }
  });

  it('derives create’s flags from the option schemas', async () => {
    expect(driverFlags(await loadDriverModule('qemu'))).to.deep.equal([
      {
        flag: 'qemu-binary',
        option: 'binary',
        description: 'the qemu-system program to use instead of the one that is found',
        default: undefined,
        choices: undefined,
      },
      {
        flag: 'qemu-accel',
        option: 'accel',
        description: 'accelerator: auto tries the hardware ones and falls back to emulation (tcg)',
        default: 'auto',
        choices: ['auto', 'kvm', 'hvf', 'whpx', 'tcg'],
      },
    ]);
    expect(driverFlags(await loadDriverModule('none')).map(({ flag }) => flag)).to.deep.equal(['url']);
    expect(driverFlags(await loadDriverModule('fake')).map(({ flag }) => flag)).to.deep.equal([
      'fake-engine-socket',
      'fake-fail',
    ]);
  });
});

describe('the none driver’s URL', () => {
  it('is a unix socket or plain TCP', () => {
    expect(parseEngineUrl('unix:///var/run/docker.sock')).to.deep.equal({
      kind: 'unix',
      path: '/var/run/docker.sock',
    });
    expect(parseEngineUrl('tcp://[::1]:2376')).to.deep.equal({ kind: 'tcp', host: '::1', port: 2376 });
    expect(parseEngineUrl('tcp://box')).to.deep.equal({ kind: 'tcp', host: 'box', port: 2375 });
    for (const bad of ['box:2375', 'unix://relative', 'https://box', '']) {
      expect(() => parseEngineUrl(bad), bad).to.throw(`"${bad}" is not the URL of an engine`);
    }
  });
});
