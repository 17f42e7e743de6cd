import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { WherryError } from '../../../../src/core/errors.ts';
import { createHypervDriver } from '../../../../src/drivers/hyperv/driver.ts';
import type { Driver, MachineSpec, StartOptions } from '../../../../src/drivers/driver.ts';
import { temporaryMachine } from '../machine-fixture.ts';
import { FakeHyperv } from './fake-hyperv.ts';

describe('a machine on Hyper-V that is saved', () => {
  let root: string;
  let hyperv: FakeHyperv;
  let spec: MachineSpec;
  let cleanUp: () => Promise<void>;
  let driver: Driver;
  const options: StartOptions = {
    signal: new AbortController().signal,
    onLine: () => undefined,
    onNote: () => undefined,
    timeoutMs: 20_000,
  };
  const SAVED = { status: 'stopped', saved: true };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'wherry-hv-'));
    hyperv = new FakeHyperv(root);
    ({ spec, cleanUp } = await temporaryMachine({ options: { stop: 'save' } }));
    const uefiDisk = join(root, 'uefi.vhdx');
    await writeFile(uefiDisk, 'a disk');
    spec = { ...spec, image: { ...spec.image, uefiDisk } };
    driver = createHypervDriver(hyperv.host());
    await driver.create(spec);
    await driver.start(spec, options);
    await driver.stop(spec, 20_000);
    expect(await driver.status(spec)).to.deep.equal(SAVED);
  });
  afterEach(async () => {
    hyperv.failing = [];
    await hyperv.end();
    await cleanUp();
    await rm(root, { recursive: true, force: true });
  });

  const refusal = async (work: Promise<unknown>): Promise<WherryError> => {
    const error = await work.catch((failure: unknown) => failure);
    return error instanceof WherryError ? error : expect.fail(`not refused: ${String(error)}`);
  };

  it('stays saved when it does not go on, and says how to boot it; a power-down then lets it', async () => {
    hyperv.failing = ['resume'];
    const { code, message, hint } = await refusal(driver.start(spec, options));
    expect(code).to.equal('RESUME_FAILED');
    expect(message).to.match(/^"box" does not go on where it was saved: .*it fails to resume$/);
    expect(hint).to.contain('wherry machine restart box');
    expect(await driver.status(spec)).to.deep.equal(SAVED);
    // What restart asks for.
    await driver.stop(spec, 20_000, { powerOff: true });
    expect(await driver.status(spec)).to.deep.equal({ status: 'stopped' });
    await driver.start(spec, options);
    expect((await driver.status(spec)).status).to.equal('running');
  });

  it('is so no longer once it is killed', async () => {
    await driver.kill(spec);
    expect(await driver.status(spec)).to.deep.equal({ status: 'stopped' });
  });

  it('stays so when it is stopped again, and is not taken for one of another image', async () => {
    await driver.stop(spec, 20_000);
    expect(await driver.status(spec)).to.deep.equal(SAVED);
    const other = { ...spec, image: { ...spec.image, id: 'f'.repeat(64) } };
    expect((await refusal(driver.start(other, options))).code).to.equal('RESUME_FAILED');
    expect(await driver.status(spec)).to.deep.equal(SAVED);
  });
});
