import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { hostArch } from '../../../../src/core/arch.ts';
import { WherryError } from '../../../../src/core/errors.ts';
import type { MachineSpec } from '../../../../src/drivers/driver.ts';
import { createQemuDriver } from '../../../../src/drivers/qemu/driver.ts';
import { findQemu } from '../../../../src/drivers/qemu/binary.ts';
import { chooseHardware } from '../../../../src/drivers/qemu/choose.ts';
import { addHostForward } from '../../../../src/drivers/qemu/host-forward.ts';
import { systemQemuHost, type QemuHost } from '../../../../src/drivers/qemu/host.ts';
import { qemuOptions } from '../../../../src/drivers/qemu/options.ts';
import { probe } from '../../../../src/drivers/qemu/probe.ts';
import { readVmFile, vmFilePath, writeVmFile } from '../../../../src/drivers/qemu/vm-file.ts';
import { systemClock, type Clock } from '../../../../src/platform/clock.ts';
import { temporaryMachine } from '../machine-fixture.ts';
import { driverSuite } from '../suite.ts';
import { installStandIn } from './stand-in-driver.ts';

/** For what the stand-in does at once, on a computer that has other things to do. */
const PATIENCE_MS = 50_000;

driverSuite('qemu, before a stand-in for QEMU', async () => {
  const { spec, root, cleanUp } = await temporaryMachine();
  const options = { binary: await installStandIn(root), accel: 'tcg' };
  return {
    makeDriver: () => createQemuDriver({ stateDirectory: join(root, 'state') }),
    spec: { ...spec, options },
    broken: guest({ ...spec, options }, 'test.failed'),
    timeoutMs: PATIENCE_MS,
    cleanUp,
  };
});

/** A clock whose deadlines come sooner or later than they say; the pauses between two looks stay as they are. */
const scaledClock = (factor: number): Clock => ({
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms < 100 ? ms : ms * factor, signal),
});
/** A probe gives a VM three seconds to print something: the stand-in may take longer only to be started. */
const patient = scaledClock(15);

const FORWARD = { proto: 'tcp', hostAddress: '127.0.0.1', hostPort: 1, guestPort: 80 } as const;

function guest(spec: MachineSpec, words: string): MachineSpec {
  return { ...spec, image: { ...spec.image, commandLine: words } };
}

describe('the qemu driver, when things go wrong', () => {
  let spec: MachineSpec;
  let root: string;
  let cleanUp: () => Promise<void>;
  const driver = () => createQemuDriver({ stateDirectory: join(root, 'state') });

  beforeEach(async () => {
    const machine = await temporaryMachine();
    ({ root, cleanUp } = machine);
    spec = { ...machine.spec, options: { binary: await installStandIn(root), accel: 'tcg' } };
    await driver().create(spec);
  });
  afterEach(async () => {
    await driver().kill(spec);
    await cleanUp();
  });

  const start = (words: string, timeoutMs = PATIENCE_MS, signal = new AbortController().signal) =>
    driver().start(guest(spec, words), { signal, onLine: () => {}, onNote: () => {}, timeoutMs });
  const failure = async (words: string, timeoutMs?: number): Promise<string> => {
    const error: unknown = await start(words, timeoutMs).catch((reason: unknown) => reason);
    if (!(error instanceof WherryError)) throw error;
    return error.message;
  };

  it('names the step in each kind of failure', async () => {
    expect(await failure('test.failed')).to.equal('"box" did not boot: data: no ext4 (last step: booted)');
    expect(await failure('test.panic')).to.equal(
      '"box" did not boot: its kernel panicked: VFS: no root (last step: kernel)',
    );
    expect(await failure('test.refuse')).to.equal(
      '"box" did not boot: QEMU ended with status 1: -accel kvm: failed to initialize kvm: No such device (last step: kernel)',
    );
    expect(await failure('test.silent', 1000)).to.equal(
      '"box" did not boot: no readiness line from the guest within 1 s (last step: kernel)',
    );
  });

  it('takes another port when its first choice was lost to somebody', async () => {
    await start('test.port-taken');
    expect((await driver().status(spec)).status).to.equal('running');
  });

  it('ends QEMU when a start is interrupted', async () => {
    const interrupt = new AbortController();
    const started = start('test.silent', PATIENCE_MS, interrupt.signal);
    const reason = new Error('Ctrl-C');
    setTimeout(() => interrupt.abort(reason), 300);
    expect(await started.catch((error: unknown) => error)).to.equal(reason);
    expect(await readVmFile(spec)).to.equal(undefined);
  });

  it('kills a guest that is deaf to the power button', async () => {
    await start('test.deaf');
    await driver().stop(spec, 200);
    expect((await driver().status(spec)).status).to.equal('stopped');
  });

  it('is not misled by a pid that belongs to something else now', async () => {
    const here = await systemQemuHost().processes.self();
    const stale = { pid: here.pid, startedAt: 'another time' };
    const nowhere = { kind: 'unix' as const, path: join(spec.runDirectory, 'gone.sock') };
    await writeVmFile(spec, {
      process: stale,
      accelerator: 'tcg',
      sshPort: 42_200,
      qmp: nowhere,
      ready: nowhere,
    });
    expect(await driver().status(spec)).to.deep.equal({ status: 'stopped' });
    await driver().kill(spec);
    await start('');
    expect((await driver().status(spec)).status).to.equal('running');
  });

  it('finds a VM whose starter was killed before it could note the process', async () => {
    await start('');
    const { process: identity, ...rest } = (await readVmFile(spec)) ?? expect.fail('no vm.json');
    await writeVmFile(spec, rest);
    expect((await driver().status(spec)).status).to.equal('running');
    await driver().kill(spec);
    expect((await driver().status(spec)).status).to.equal('stopped');
    if (identity === undefined) throw new Error('no identity');
    // Only its socket was known, which closes a moment before the process ends.
    while (await systemQemuHost().processes.isAlive(identity)) await systemClock.sleep(10);
  });

  it('does not call a VM running whose start was cut off, and starts over it', async () => {
    await start('');
    const { started, ...halfStarted } = (await readVmFile(spec)) ?? expect.fail('no vm.json');
    expect(started).to.equal(true);
    await writeVmFile(spec, halfStarted);
    const seen = await driver().status(spec);
    expect(seen, 'while its starter lives').to.include({ status: 'starting', by: process.pid });
    expect(seen).to.have.nested.property('vm.sshPort', halfStarted.sshPort);
    const starter = { pid: process.pid, startedAt: 'another time' };
    await writeVmFile(spec, { ...halfStarted, starter });
    expect(await driver().status(spec)).to.deep.equal({ status: 'error', reason: 'its start was cut off' });
    await start('');
    expect((await driver().status(spec)).status).to.equal('running');
    expect(
      await systemQemuHost().processes.isAlive(halfStarted.process ?? expect.fail('no process')),
    ).to.equal(false);
  });

  it('opens no monitor on Windows, where all users could reach it: the guest is asked to power off', async () => {
    const windows = createQemuDriver(
      { stateDirectory: join(root, 'state') },
      { ...systemQemuHost(), platform: 'win32' },
    );
    expect(windows.capabilities.hostForward).to.equal(false);
    expect(windows.hostForwards).to.equal(undefined);
    const options = {
      signal: new AbortController().signal,
      onLine: () => {},
      onNote: () => {},
      timeoutMs: PATIENCE_MS,
    };
    for (const [words, patienceMs] of [
      ['', PATIENCE_MS],
      ['test.deaf', 200],
    ] as const) {
      const vm = await windows.start(guest(spec, words), options);
      const file = (await readVmFile(spec)) ?? expect.fail('no vm.json');
      expect([file.qmp, file.ready.kind]).to.deep.equal([undefined, 'tcp']);
      expect(await windows.status(spec)).to.deep.equal({ status: 'running', vm });
      expect(await addHostForward(spec, FORWARD).catch(String)).to.match(/no monitor/);
      await windows.stop(spec, patienceMs);
      expect(await windows.status(spec)).to.deep.equal({ status: 'stopped' });
    }
  });

  it('says so where on Windows only the port of a VM is known, and it runs', async () => {
    const windows = createQemuDriver(
      { stateDirectory: join(root, 'state') },
      { ...systemQemuHost(), platform: 'win32' },
    );
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await writeVmFile(spec, {
      accelerator: 'tcg',
      sshPort: 42_200,
      ready: { kind: 'tcp', host: '127.0.0.1', port },
    });
    expect(await windows.kill(spec).catch(String)).to.equal(
      'WherryError: QEMU does not end: its process is not known',
    );
    server.close();
    await once(server, 'close');
    await windows.kill(spec);
    expect(await readVmFile(spec)).to.equal(undefined);
  });

  it('takes a torn vm.json and a stale socket for no VM, and starts', async () => {
    await writeFile(vmFilePath(spec), '{"process":{"pi');
    await writeFile(join(spec.runDirectory, 'qmp.sock'), '');
    await writeFile(join(spec.runDirectory, 'ready.sock'), '');
    expect((await driver().status(spec)).status).to.equal('stopped');
    await start('');
  });

  it('starts each boot with a console log of its own', async () => {
    await start('');
    await driver().kill(spec);
    await appendFile(spec.consoleLog, 'first\n');
    await start('');
    expect(await readFile(spec.consoleLog, 'utf8')).not.to.contain('first');
    expect(await readFile(`${spec.consoleLog}.1`, 'utf8')).to.contain('first');
  });

  it('says that it falls back to emulation when that is news, and to each machine at its first start', async () => {
    // An accelerator that only a test VM can refuse, whatever computer this test runs on.
    const host: QemuHost = { ...systemQemuHost(), platform: 'win32', clock: patient };
    const qemu = await findQemu(systemQemuHost(), 'amd64', await installStandIn(root));
    const notesOf = async (isFirstStart: boolean): Promise<string[]> => {
      const notes: string[] = [];
      const refusing = { ...guest(spec, 'test.refuse'), arch: hostArch() ?? 'amd64' };
      const chosen = await chooseHardware(host, refusing, qemu, qemuOptions.parse({}), {
        stateDirectory: join(root, 'state'),
        signal: new AbortController().signal,
        isFirstStart,
        onNote: (note) => notes.push(note),
      });
      expect(chosen.accelerator).to.equal('tcg');
      return notes;
    };
    const said = [
      'whpx is not usable here (-accel kvm: failed to initialize kvm: No such device); running under emulation (tcg), about 10× slower',
    ];
    expect(await notesOf(false), 'freshly tried').to.deep.equal(said);
    expect(await notesOf(false), 'known').to.deep.equal([]);
    expect(await notesOf(true), 'another machine').to.deep.equal(said);
  });

  it('names a part of the image that is missing', async () => {
    const image = { ...spec.image, systemDisk: join(root, 'nothing') };
    const options = {
      signal: new AbortController().signal,
      onLine: () => {},
      onNote: () => {},
      timeoutMs: 1,
    };
    const error: unknown = await driver()
      .start({ ...spec, image }, options)
      .catch((reason: unknown) => reason);
    expect(String(error)).to.match(/the VM image of "box" is not complete: ENOENT.*nothing/);
  });

  it('makes a data disk of the size asked for that takes no space yet', async () => {
    const { size, blocks } = await stat(spec.dataDisk);
    expect(size).to.equal(1024 ** 3);
    expect(blocks * 512).to.be.lessThan(1024 ** 2);
  });

  it('probes: a guest that reports, one that never speaks, a QEMU that refuses', async () => {
    const binary = await installStandIn(root);
    const hurried = scaledClock(1 / 4);
    const run = (words: string, clock = patient) =>
      probe(
        { ...systemQemuHost(), clock },
        binary,
        { ...spec.image, commandLine: words },
        {
          arch: 'amd64',
          accelerator: 'kvm',
          version: { major: 7, minor: 2, text: '7.2' },
          cpus: 1,
          memoryMiB: 64,
        },
        new AbortController().signal,
      );
    expect(await run('')).to.include({ usable: true });
    expect(await run('test.silent', hurried)).to.include({
      usable: false,
      reason: 'a test VM printed nothing within 3 s',
    });
    expect(await run('test.refuse')).to.include({
      usable: false,
      reason: '-accel kvm: failed to initialize kvm: No such device',
    });
  });
});
