import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { findQemu } from '../../src/drivers/qemu/binary.ts';
import { systemQemuHost } from '../../src/drivers/qemu/host.ts';
import { systemHypervHost, type HypervHost } from '../../src/drivers/hyperv/host.ts';
import { READY, startRequest, type StartRequest } from '../contract/drivers/hyperv/fake-hyperv.ts';
import { debianTools } from './debian-tools.ts';

/**
 * What a kernel needs under emulation (src/drivers/qemu/argv/kernel.ts). The command line in the disk is the one for
 * Hyper-V; systemd-stub adds this to it, from the firmware's tables (systemd-stub(7), SMBIOS).
 */
const EMULATION =
  'mitigations=off random.trust_cpu=on rcupdate.rcu_expedited=1 cryptomgr.notests tsc=reliable no_timer_check ' +
  'i8042.nokbd i8042.noaux wherry.cpu=emulated clearcpuid=cx16';

const POWER_OFF_MS = 10_000;

/**
 * A computer whose Hyper-V is QEMU with UEFI firmware (Debian's OVMF): the driver's scripts are answered by running what
 * they ask for, on the same disks, with unix sockets for the pipes of the COM ports.
 */
export class UefiComputer {
  readonly #root: string;
  #vm: ChildProcess | undefined;
  /** How the last VM ended, as Node has it. */
  exitCode: number | null = null;

  constructor(root: string) {
    this.#root = root;
  }

  host(): HypervHost {
    return {
      ...systemHypervHost(),
      platform: 'win32',
      pipeName: (name) => join(this.#root, name.replace(/^wherry-[0-9a-f]+-/, '')),
      exec: {
        run: async (argv, options = {}) => {
          options.signal?.throwIfAborted();
          const script = basename(argv.at(-1) ?? '', '.ps1');
          const ok = await this.#work(script, JSON.parse(String(options.input)));
          const stdout = JSON.stringify({ ok });
          return { exitCode: 0, signal: undefined, timedOut: false, stdout, stderr: '' };
        },
      },
    };
  }

  async #work(script: string, request: unknown): Promise<unknown> {
    const state = this.#vm === undefined ? 'Off' : 'Running';
    if (script === 'look') return READY;
    if (script === 'start') {
      await this.#start(startRequest.parse(request));
      return { vm: { id: 'id', state: 'Running' } };
    }
    if (script === 'state') return { vm: { id: 'id', state } };
    // A guest that has powered off closes its serial ports a moment before its QEMU ends.
    await this.end(POWER_OFF_MS);
    return {};
  }

  /** Kills the VM, unless it ends by itself within `patienceMs`. */
  async end(patienceMs = 0): Promise<void> {
    const vm = this.#vm;
    if (vm === undefined) return;
    const kill = setTimeout(() => vm.kill('SIGKILL'), patienceMs);
    await once(vm, 'exit');
    clearTimeout(kill);
  }

  async #start({ cpus, memoryBytes, disks, pipes }: StartRequest): Promise<void> {
    const qemu = await findQemu(systemQemuHost(), 'amd64');
    const { root } = await debianTools(['ovmf'], { release: 'bookworm' });
    const firmware = join(root, 'usr', 'share', 'OVMF');
    const variables = join(this.#root, 'variables.fd');
    await copyFile(join(firmware, 'OVMF_VARS_4M.fd'), variables);
    for (const path of Object.values(pipes)) await rm(path, { force: true });
    const disk = (id: string, file: string, options = ''): string[] => [
      '-drive',
      `if=none,id=${id},format=vhdx,file=${file}${options}`,
      '-device',
      `scsi-hd,drive=${id}`,
    ];
    const serial = (id: string, path: string): string[] => [
      '-chardev',
      `socket,id=${id},path=${path},server=on,wait=off`,
      '-serial',
      `chardev:${id}`,
    ];
    const vm = spawn(
      qemu.path,
      [
        '-nodefaults',
        '-no-user-config',
        '-no-reboot',
        '-display',
        'none',
        '-machine',
        'q35,usb=off,sata=off,smbus=off,vmport=off',
        '-accel',
        'tcg,thread=multi,tb-size=512',
        '-cpu',
        'max,-erms',
        '-smp',
        `${cpus}`,
        '-m',
        `size=${memoryBytes / 2 ** 20}M`,
        '-drive',
        `if=pflash,unit=0,format=raw,readonly=on,file=${join(firmware, 'OVMF_CODE_4M.fd')}`,
        '-drive',
        `if=pflash,unit=1,format=raw,file=${variables}`,
        '-device',
        'virtio-scsi-pci',
        // QEMU can't read a VHDX that is a difference: it keeps what is written beside the shared one, in a file without a name.
        ...disk('system', disks.parent, ',snapshot=on'),
        ...disk('data', disks.data),
        ...disk('config', disks.config),
        '-netdev',
        'user,id=net',
        '-device',
        'virtio-net-pci,netdev=net,romfile=',
        ...serial('console', pipes.console),
        ...serial('ready', pipes.ready),
        '-smbios',
        `type=11,value=io.systemd.stub.kernel-cmdline-extra=${EMULATION}`,
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    this.#vm = vm;
    vm.once('exit', (code) => {
      this.exitCode = code;
      this.#vm = undefined;
    });
    await once(vm, 'spawn');
  }
}
