import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { MachineSpec } from '../../src/drivers/driver.ts';
import { createHypervDriver } from '../../src/drivers/hyperv/driver.ts';
import { bootFiles } from '../../src/image-builder/boot-image.ts';
import { ensureUefiDisk } from '../../src/image-builder/uefi/uefi-image.ts';
import type { ReadinessLine } from '../../src/protocol/boot/readiness.ts';
import { debianTools } from '../helpers/debian-tools.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { cacheDirectory, MACHINE } from '../helpers/e2e-world.ts';
import { UefiComputer } from '../helpers/uefi-computer.ts';

const run = promisify(execFile);
/** Firmware and a kernel that unpacks itself take most of it, emulated; 40 s on a computer with nothing else to do. */
const BOOT_MS = 240_000;

describe('the UEFI disk, started by the Hyper-V driver on a UEFI computer', () => {
  let root: string;
  let computer: UefiComputer;
  let spec: MachineSpec;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'wherry-uefi-'));
    computer = new UefiComputer(root);
    const shared = join(world().home, 'machines', MACHINE);
    const { imageId } = JSON.parse(await readFile(join(shared, 'machine.json'), 'utf8')) as {
      imageId: string;
    };
    const imagesDir = join(world().home, 'images');
    const manifest = await ensureUefiDisk({
      imagesDir,
      id: imageId,
      cacheDir: join(cacheDirectory, 'downloads'),
    });
    const directory = join(root, 'box');
    await mkdir(directory);
    await copyFile(join(shared, 'config.img'), join(directory, 'config.img'));
    spec = {
      name: 'box',
      arch: 'amd64',
      cpus: 2,
      memoryMiB: 1024,
      diskGiB: 4,
      directory,
      runDirectory: directory,
      image: bootFiles(imagesDir, manifest),
      dataDisk: join(directory, 'data.img'),
      configDisk: join(directory, 'config.img'),
      consoleLog: join(directory, 'console.log'),
      options: {},
    };
  });
  after(async () => {
    await computer.end();
    await rm(root, { recursive: true, force: true });
  });

  it('boots from VHDX to the engine’s readiness, told over a COM port, and powers off in order', async () => {
    const driver = createHypervDriver(computer.host());
    await driver.create(spec);
    const said: ReadinessLine[] = [];
    const vm = await driver.start(spec, {
      signal: new AbortController().signal,
      timeoutMs: BOOT_MS,
      onLine: (line) => said.push(line),
      onNote: () => undefined,
    });
    expect(said.map(({ event }) => event)).to.have.members(['booted', 'ssh', 'engine']);
    // By DHCP, from QEMU's user network: what the guest says is where it is connected to.
    expect(vm).to.deep.equal({ sshHost: '10.0.2.15', sshPort: 22, accelerator: 'hyperv' });
    expect(await driver.status(spec)).to.deep.equal({ status: 'running', vm });
    expect(await readFile(spec.consoleLog, 'utf8')).to.contain('BdsDxe: starting');

    await driver.stop(spec, 100_000);
    expect(computer.exitCode).to.equal(0);
    expect(await driver.status(spec)).to.deep.equal({ status: 'stopped' });

    const { binDir } = await debianTools(['qemu-utils', 'dosfstools', 'gdisk', 'mtools']);
    const data = join(spec.directory, 'data.vhdx');
    const check = await run(join(binDir, 'qemu-img'), ['check', data]);
    expect(check.stdout).to.contain('No errors were found on the image.');
    // The guest's file system is in it, and it is as sparse as that.
    expect((await stat(data)).size).to.be.within(5 * 2 ** 20, 512 * 2 ** 20);
  });
});
