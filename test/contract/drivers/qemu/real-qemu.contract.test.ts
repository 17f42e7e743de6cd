import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { expect } from 'chai';
import { vmStatus, killVm, stopVm } from '../../../../src/drivers/qemu/control.ts';
import type { MachineSpec } from '../../../../src/drivers/driver.ts';
import { findQemu, type QemuBinary } from '../../../../src/drivers/qemu/binary.ts';
import { connectWhenListening, type LocalEndpoint } from '../../../../src/drivers/qemu/endpoint.ts';
import { systemQemuHost } from '../../../../src/drivers/qemu/host.ts';
import { addHostForward, removeHostForward } from '../../../../src/drivers/qemu/host-forward.ts';
import { makeDataDisk } from '../../../../src/drivers/qemu/files.ts';
import { launch, type LaunchedVm } from '../../../../src/drivers/qemu/launch.ts';
import { isDiskInUse } from '../../../../src/drivers/qemu/qemu-messages.ts';
import { withQmp } from '../../../../src/drivers/qemu/qmp/session.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { temporaryMachine } from '../machine-fixture.ts';

/**
 * A kernel of a few instructions: prints `ok` on the first serial port and halts. A Multiboot header with load
 * addresses (Multiboot specification 0.6.96, 3.1.3: flag 16) makes a flat file bootable by `-kernel`.
 */
function haltingKernel(): Buffer {
  const [magic, flags, load] = [0x1badb002, 0x1_0000, 0x10_0000];
  const header = [magic, flags, -(magic + flags), load, load, 0, 0, load + 32];
  const serial = [...Buffer.from('ok\n')].flatMap((byte) => [0xb0, byte, 0xee]);
  const code = [0x66, 0xba, 0xf8, 0x03, ...serial, 0xfa, 0xf4, 0xeb, 0xfd];
  const words = Buffer.alloc(32);
  header.forEach((word, index) => words.writeInt32LE(word | 0, index * 4));
  return Buffer.concat([words, Buffer.from(code), Buffer.alloc(512)]);
}

const monitorOf = ({ file }: LaunchedVm): LocalEndpoint => file.qmp ?? expect.fail('it has no monitor');

const listening = async (vm: LaunchedVm): Promise<void> => {
  const deadline = AbortSignal.timeout(50_000);
  (await connectWhenListening(monitorOf(vm), systemClock, deadline)).destroy();
};

describe('a real QEMU', () => {
  const host = systemQemuHost();
  const never = new AbortController().signal;
  let spec: MachineSpec;
  let cleanUp: () => Promise<void>;
  let qemu: QemuBinary;
  const vms: LaunchedVm[] = [];

  const start = async (machine: MachineSpec): Promise<LaunchedVm> => {
    const vm = await launch(host, machine, qemu.path, {
      arch: 'amd64',
      accelerator: 'tcg',
      version: qemu.version,
      cpus: 1,
      memoryMiB: 64,
    });
    vms.push(vm);
    return vm;
  };
  before(async () => {
    qemu = await findQemu(host, 'amd64');
    const machine = await temporaryMachine();
    ({ spec, cleanUp } = machine);
    await writeFile(spec.image.kernel, haltingKernel());
    await makeDataDisk(host, spec);
  });
  afterEach(async () => {
    for (const vm of vms.splice(0)) {
      if (vm.identity !== undefined) await host.processes.signal(vm.identity, 'SIGKILL');
      await vm.child.exited;
    }
  });
  after(() => cleanUp());

  it('takes our arguments, in a directory with a space and a comma, and runs', async () => {
    const vm = await start(spec);
    await listening(vm);
    expect(await vmStatus(host, spec)).to.deep.equal({
      status: 'running',
      vm: {
        sshHost: '127.0.0.1',
        sshPort: vm.file.sshPort,
        accelerator: 'tcg',
        process: vm.identity,
      },
    });
    expect(await vm.output()).to.equal('');
  });

  it('tells of a pause, writes the console, and goes at a kill', async () => {
    const vm = await start(spec);
    await listening(vm);
    const deadline = AbortSignal.timeout(50_000);
    while (!(await readFile(spec.consoleLog, 'utf8')).includes('ok\n')) await systemClock.sleep(10, deadline);
    await withQmp(monitorOf(vm), never, (qmp) => qmp.execute('stop'));
    expect((await vmStatus(host, spec)).status).to.equal('paused');
    await killVm(host, spec);
    expect(await vmStatus(host, spec)).to.deep.equal({ status: 'stopped' });
    expect((await vm.child.exited).signal).to.equal('SIGKILL');
  });

  it('refuses a command with its own words, and emits events', async () => {
    const vm = await start(spec);
    await listening(vm);
    const events: string[] = [];
    const unknown = await withQmp(
      monitorOf(vm),
      never,
      async (qmp) => {
        await qmp.execute('stop');
        return qmp.execute('no-such-command').catch(String);
      },
      ({ event }) => events.push(event),
    );
    expect(unknown).to.equal('WherryError: QEMU: The command no-such-command has not been found');
    expect(events).to.deep.equal(['STOP']);
  });

  it('forwards ports while it runs, on the address given and on no other', async () => {
    const vm = await start(spec);
    await listening(vm);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const hostPort = (server.address() as { port: number }).port;
    const forward = { proto: 'tcp', hostAddress: '127.0.0.1', hostPort, guestPort: 80 } as const;
    expect(await addHostForward(spec, forward).catch(String)).to.match(
      /Could not set up host forwarding rule/,
    );
    server.close();
    await once(server, 'close');

    await addHostForward(spec, forward);
    const socket = connect(hostPort, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    await removeHostForward(spec, forward);
    expect(await removeHostForward(spec, forward).catch(String)).to.match(/not found|invalid/i);
    expect(await addHostForward(spec, { ...forward, hostAddress: '' }).catch(String)).to.match(
      /not an IPv4 address/,
    );
  });

  it('never gets a data disk that another QEMU writes to', async () => {
    await listening(await start(spec));
    const second = await start(spec);
    expect((await second.child.exited).exitCode).to.equal(1);
    expect(isDiskInUse(await second.output())).to.equal(true);
  });

  it('is ended by force when its guest has no ear for the power button', async () => {
    const vm = await start(spec);
    await listening(vm);
    await stopVm(host, spec, 300);
    expect((await vm.child.exited).signal).to.equal('SIGKILL');
  });
});
