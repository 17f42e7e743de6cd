import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { WherryError } from '../../../../src/core/errors.ts';
import { readVhdx } from '../../../../src/core/vhdx/layout.ts';
import { createHypervDriver } from '../../../../src/drivers/hyperv/driver.ts';
import type { Driver, MachineSpec, StartOptions } from '../../../../src/drivers/driver.ts';
import { temporaryMachine } from '../machine-fixture.ts';
import { driverSuite } from '../suite.ts';
import { FakeHyperv, GUEST_ADDRESS, READY } from './fake-hyperv.ts';

async function world(options: Record<string, unknown> = {}): Promise<{
  hyperv: FakeHyperv;
  spec: MachineSpec;
  broken: MachineSpec;
  cleanUp: () => Promise<void>;
}> {
  const root = await mkdtemp(join(tmpdir(), 'wherry-hv-'));
  const hyperv = new FakeHyperv(root);
  const { spec, cleanUp } = await temporaryMachine({ options: { stop: 'shutdown', ...options } });
  const withDisk = async (name: string): Promise<MachineSpec> => {
    const uefiDisk = join(root, name);
    await writeFile(uefiDisk, 'a disk');
    return { ...spec, image: { ...spec.image, uefiDisk } };
  };
  return {
    hyperv,
    spec: await withDisk('uefi.vhdx'),
    broken: await withDisk('broken.vhdx'),
    async cleanUp() {
      await hyperv.end();
      await cleanUp();
      await rm(root, { recursive: true, force: true });
    },
  };
}

driverSuite('hyperv, on a computer that stands in for Windows', async () => {
  const { hyperv, spec, broken, cleanUp } = await world();
  return {
    makeDriver: () => createHypervDriver(hyperv.host()),
    spec,
    broken,
    timeoutMs: 20_000,
    dataDisk: join(spec.directory, 'data.vhdx'),
    ssh: { sshHost: GUEST_ADDRESS, sshPort: 22 },
    cleanUp,
  };
});

describe('a machine on Hyper-V', () => {
  let hyperv: FakeHyperv;
  let spec: MachineSpec;
  let broken: MachineSpec;
  let cleanUp: () => Promise<void>;
  let driver: Driver;

  const options: StartOptions = {
    signal: new AbortController().signal,
    onLine: () => undefined,
    onNote: () => undefined,
    timeoutMs: 20_000,
  };
  const scripts = (): string[] => hyperv.calls.map(({ script }) => script);
  const refusal = async (work: Promise<unknown>): Promise<WherryError> => {
    const error = await work.then(
      () => new Error('it was not refused'),
      (failure: unknown) => failure,
    );
    if (error instanceof WherryError) return error;
    throw error;
  };

  beforeEach(async () => {
    ({ hyperv, spec, broken, cleanUp } = await world());
    driver = createHypervDriver(hyperv.host());
    await driver.create(spec);
  });
  afterEach(() => cleanUp());

  it('is unknown to Hyper-V until its first start, which says all that it is made of', async () => {
    expect(hyperv.calls).to.deep.equal([]);
    await driver.start(spec, options);
    expect(scripts()).to.deep.equal(['state', 'look', 'start']);
    const file = (name: string): string => join(spec.directory, name);
    const [{ pipes, ...definition } = expect.fail()] = hyperv.definitions();
    expect(definition).to.deep.equal({
      mark: `wherry ${spec.runDirectory}`,
      name: 'wherry-box',
      directory: spec.directory,
      cpus: 1,
      memoryBytes: 64 * 2 ** 20,
      switchId: READY.switches[0]?.id,
      disks: {
        parent: spec.image.uefiDisk,
        system: file('system-test.vhdx'),
        data: file('data.vhdx'),
        dataBytes: 2 ** 30,
        config: file('config.vhdx'),
      },
    });
    expect(pipes.console).not.to.equal(pipes.ready);
    expect(await readFile(spec.consoleLog, 'utf8')).to.equal('the fake kernel starts\n');
  });

  it('has told where it is when its SSH is ready: the agent connects then', async () => {
    const seen: unknown[] = [];
    await driver.start(spec, {
      ...options,
      onLine: ({ event }) => {
        if (event === 'ssh')
          seen.push(JSON.parse(readFileSync(join(spec.runDirectory, 'hyperv.json'), 'utf8')));
      },
    });
    expect(seen).to.have.length(1);
    expect(seen[0]).to.include({ address: GUEST_ADDRESS }).and.not.have.property('started');
  });

  it('gets its disks as VHDX: an empty data disk of its size, and the config disk as it is now', async () => {
    const data = await readFile(join(spec.directory, 'data.vhdx'));
    expect(readVhdx(data)).to.deep.equal({ virtualBytes: 2 ** 30, present: [] });
    await driver.start(spec, {
      ...options,
      beforePowerOn: () => writeFile(spec.configDisk, 'wherry-config of this start'),
    });
    const config = await readFile(join(spec.directory, 'config.vhdx'));
    expect(readVhdx(config)).to.deep.equal({ virtualBytes: 2 ** 20, present: [0] });
    expect(config.toString('latin1', 4 * 2 ** 20, 4 * 2 ** 20 + 13)).to.equal('wherry-config');
  });

  it('gets another system disk with another image, and the old one goes', async () => {
    await driver.start(spec, options);
    await driver.stop(spec, 20_000);
    await driver.start({ ...spec, image: { ...spec.image, id: 'f'.repeat(64) } }, options);
    const disks = (await readdir(spec.directory)).filter((name) => name.endsWith('.vhdx'));
    expect(disks.sort()).to.deep.equal(['config.vhdx', 'data.vhdx', `system-${'f'.repeat(12)}.vhdx`]);
  });

  it('is saved where its stop says so, and goes on as it was, on the disks that it knows', async () => {
    spec = { ...spec, options: { stop: 'save' } };
    await driver.start(spec, options);
    await driver.stop(spec, 20_000);
    expect((await driver.status(spec)).status).to.equal('stopped');
    await writeFile(spec.configDisk, 'another');
    const vm = await driver.start(spec, options);
    expect(vm.sshHost).to.equal(GUEST_ADDRESS);
    const config = await readFile(join(spec.directory, 'config.vhdx'));
    expect(config.includes('another')).to.equal(false);
  });

  it('is powered down where the next start must boot, though its stop says saved, and even if it is saved already', async () => {
    spec = { ...spec, options: { stop: 'save' } };
    for (const saved of [false, true]) {
      await driver.start(spec, options);
      if (saved) {
        await driver.stop(spec, 20_000);
        expect(await driver.status(spec)).to.deep.equal({ status: 'stopped', saved: true });
      }
      const guestsBefore = hyperv.orderlyPowerOffs;
      await driver.stop(spec, 20_000, { powerOff: true });
      expect(await driver.status(spec)).to.deep.equal({ status: 'stopped' });
      expect(hyperv.orderlyPowerOffs).to.equal(guestsBefore + 1);
    }
    await driver.start({ ...spec, cpus: 3 }, options);
    expect(hyperv.definitions()[0]?.cpus).to.equal(3);
  });

  it('is ended by force where its orderly end fails or takes too long, whichever way that is asked for', async () => {
    const save = { ...spec, options: { stop: 'save' } };
    const asked = (): unknown[] =>
      hyperv.calls.flatMap(({ request }) => (request as { how?: string }).how ?? []);
    for (const [how, of, denyPipes] of [
      ['save', save, true],
      ['shutdown', spec, true],
    ] as const) {
      for (const trouble of ['failing', 'hanging'] as const) {
        await driver.start(of, options);
        hyperv.denyPipes = denyPipes;
        hyperv[trouble] = [how, 'shutdown'];
        hyperv.calls.length = 0;
        await driver.stop(of, 50);
        expect(await driver.status(of), `${how} ${trouble}`).to.deep.equal({ status: 'stopped' });
        expect(asked(), `${how} ${trouble}`).to.include.members([how, 'off']);
        [hyperv.failing, hyperv.hanging, hyperv.denyPipes] = [[], [], false];
      }
    }
  });

  it('is powered down in order where it cannot be saved', async () => {
    await driver.start(spec, options);
    hyperv.failing = ['save'];
    await driver.stop({ ...spec, options: { stop: 'save' } }, 20_000);
    expect(await driver.status(spec)).to.deep.equal({ status: 'stopped' });
    expect(hyperv.orderlyPowerOffs).to.equal(1);
  });

  it('that can be ended in no way at all says both reasons', async () => {
    await driver.start(spec, options);
    [hyperv.denyPipes, hyperv.failing] = [true, ['shutdown', 'off']];
    const { code, message } = await refusal(driver.stop(spec, 20_000));
    hyperv.failing = [];
    expect(code).to.equal('STOP_FAILED');
    expect(message).to.match(/neither in order \(.*fails to shutdown\) nor by force: .*fails to off$/);
  });

  it("is what Hyper-V's states say", async () => {
    await driver.start(spec, options);
    const table = {
      Running: 'running',
      Saving: 'running',
      Paused: 'paused',
      Off: 'stopped',
      Saved: 'stopped',
      RunningCritical: 'error',
      Other: 'error',
    };
    for (const [state, status] of Object.entries(table)) {
      hyperv.setState(state);
      expect((await driver.status(spec)).status, state).to.equal(status);
    }
  });

  it('that runs without Wherry having started it is no running machine, and is not ended by a start', async () => {
    await driver.start(spec, options);
    await rm(join(spec.runDirectory, 'hyperv.json'));
    expect(await driver.status(spec)).to.have.property('status', 'error');
    const error = await refusal(driver.start(spec, options));
    expect(error.code).to.equal('NOT_OUR_START');
    expect(hyperv.calls.at(-1)?.script).to.equal('state');
  });

  it('says that this session may not open its serial port, and what to do; stopping goes through Hyper-V then', async () => {
    hyperv.denyPipes = true;
    const error = await refusal(driver.start(spec, options));
    expect(error.code).to.equal('COM_PORT_DENIED');
    expect(error.hint).to.contain('Run as administrator');
    expect((await driver.status(spec)).status).to.equal('stopped');
    hyperv.denyPipes = false;
    await driver.start(spec, options);
    hyperv.denyPipes = true;
    hyperv.calls.length = 0;
    await driver.stop(spec, 20_000);
    expect(hyperv.calls.map(({ request }) => (request as { how?: string }).how)).to.include('shutdown');
  });

  it('quotes the console when its guest fails, and says that a boot took too long', async () => {
    const failed = await refusal(driver.start(broken, options));
    expect(failed.message).to.equal('"box" did not boot: data: no disk (last step: booted)');
    expect(failed.hint).to.contain('the fake kernel starts');
    const deaf = createHypervDriver(
      hyperv.host({
        connectPipe: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' })),
      }),
    );
    const late = await refusal(deaf.start(spec, { ...options, timeoutMs: 50 }));
    expect(late.message).to.match(/^"box" did not boot: no readiness line from the guest within 0 s/);
    expect((await driver.status(spec)).status).to.equal('stopped');
  });

  it('is found again where a crash has left it without its mark, by whatever it is looked for', async () => {
    hyperv.crashing = true;
    await refusal(driver.start(spec, options));
    hyperv.crashing = false;
    expect(hyperv.definitions()).to.have.length(1);
    await driver.start({ ...spec, image: { ...spec.image, id: 'f'.repeat(64) } }, options);
    expect(hyperv.definitions()).to.have.length(1);
    await driver.remove(spec);
    await driver.create(spec);
    hyperv.crashing = true;
    await refusal(driver.start(spec, options));
    await driver.remove(spec);
    expect(hyperv.definitions()).to.deep.equal([]);
  });

  it('names the switches there are when the wanted one is missing', async () => {
    const wanted = await refusal(driver.start({ ...spec, options: { switch: 'Lab' } }, options));
    expect([wanted.code, wanted.message]).to.deep.equal([
      'SWITCH_MISSING',
      'this computer has no virtual switch "Lab"',
    ]);
    expect(wanted.hint).to.contain('"Default Switch"');
    hyperv.facts = { ...READY, switches: [{ id: '1', name: 'Lab' }] };
    expect((await refusal(driver.start(spec, options))).message).to.contain('no Default Switch');
    await driver.start({ ...spec, options: { switch: 'lab' } }, options);
    expect(hyperv.definitions()[0]?.switchId).to.equal('1');
  });

  it('has lost a disk, or its image has: said before Hyper-V is asked for anything', async () => {
    await rm(join(spec.directory, 'data.vhdx'));
    expect((await refusal(driver.start(spec, options))).message).to.match(
      /^"box" has lost a disk: .*data\.vhdx$/,
    );
    const { uefiDisk: _, ...image } = spec.image;
    expect((await refusal(driver.start({ ...spec, image }, options))).code).to.equal('IMAGE_INCOMPLETE');
    expect(scripts()).not.to.include('start');
  });
});
