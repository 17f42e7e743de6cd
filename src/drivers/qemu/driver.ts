import { WherryError } from '../../core/errors.ts';
import type { DriverCapabilities } from '../capabilities.ts';
import type { Driver, HostForwards, MachineSpec, RunningVm, VmStatus } from '../driver.ts';
import { bootVm } from './boot.ts';
import { chooseHardware } from './choose.ts';
import { hasLog } from '../guest/console-log.ts';
import { killVm, stopVm, vmStatus } from './control.ts';
import { growDataDisk, makeDataDisk, removeFiles, requireBootFiles, requireDisks } from './files.ts';
import { addHostForward, listHostForwards, removeHostForward } from './host-forward.ts';
import { resumeFromFullDisk } from './full-disk.ts';
import { systemQemuHost, type QemuHost } from './host.ts';
import { qemuOptions } from './options.ts';
import { preflight, requireQemu } from './preflight.ts';
import { readVmFile } from './vm-file.ts';

/** On Windows there is no QMP (./endpoint.ts), and so nothing to ask for a forward at run time. */
function capabilitiesOn(platform: NodeJS.Platform): DriverCapabilities {
  return {
    lifecycle: true,
    composedImage: true,
    foreignArch: true,
    ssh: true,
    hostForward: platform !== 'win32',
    console: true,
    fileDisk: true,
  };
}

/** The QEMU driver. `stateDirectory` keeps what is known of this computer (which accelerators work). */
export function createQemuDriver(
  context: { readonly stateDirectory: string },
  host: QemuHost = systemQemuHost(),
): Driver {
  const capabilities = capabilitiesOn(host.platform);
  const forwards: HostForwards = {
    list: listHostForwards,
    add: addHostForward,
    remove: removeHostForward,
  };
  return {
    name: 'qemu',
    capabilities,
    preflight: (arch) => preflight(host, arch),
    create: (spec) => makeDataDisk(host, spec),
    async start(spec, options) {
      const settings = qemuOptions.parse(spec.options);
      const qemu = await requireQemu(host, spec.arch, settings.binary);
      await requireBootFiles(spec);
      const resumed = await refuseSecond(host, spec);
      if (resumed !== undefined) return resumed;
      const hardware = await chooseHardware(host, spec, qemu, settings, {
        stateDirectory: context.stateDirectory,
        signal: options.signal,
        isFirstStart: !(await hasLog(spec.consoleLog)),
        onNote: options.onNote,
      });
      await options.beforePowerOn?.({ accelerator: hardware.accelerator });
      await requireDisks(spec);
      await growDataDisk(spec);
      return bootVm(host, spec, qemu.path, hardware, options);
    },
    stop: (spec, timeoutMs) => stopVm(host, spec, timeoutMs),
    kill: (spec) => killVm(host, spec),
    async remove(spec) {
      await killVm(host, spec);
      await removeFiles(spec);
    },
    status: (spec) => statusOf(host, spec),
    ...(capabilities.hostForward ? { hostForwards: forwards } : {}),
  };
}

/** As {@link vmStatus}; a VM is called running once its start has been seen to its end. */
async function statusOf(host: QemuHost, spec: MachineSpec): Promise<VmStatus> {
  const found = await vmStatus(host, spec);
  if (found.status !== 'running' && found.status !== 'paused') return found;
  const start = await startOf(host, spec);
  if (start === 'over') return found;
  if (start === 'cut off') return { status: 'error', reason: 'its start was cut off' };
  return { status: 'starting', vm: found.vm, by: start.by };
}

/** Whether the start of the VM in `vm.json` is over, goes on in a living process, or was left by a dead one. */
async function startOf(
  host: QemuHost,
  spec: MachineSpec,
): Promise<'over' | 'cut off' | { readonly by: number }> {
  const file = await readVmFile(spec);
  if (file?.started === true) return 'over';
  const starter = file?.starter;
  return starter !== undefined && (await host.processes.isAlive(starter)) ? { by: starter.pid } : 'cut off';
}

/**
 * A VM that is there must not lose its `vm.json` to a second start; what a killed start left half-booted goes, and one
 * that stands still because this computer's disk was full goes on.
 */
async function refuseSecond(host: QemuHost, spec: MachineSpec): Promise<RunningVm | undefined> {
  const { status } = await vmStatus(host, spec);
  if (status === 'stopped') return undefined;
  if ((await startOf(host, spec)) === 'cut off') {
    await killVm(host, spec);
    return undefined;
  }
  const resumed = status === 'error' ? await resumeFromFullDisk(host, spec) : undefined;
  if (resumed !== undefined) return resumed;
  throw new WherryError({
    bare: true,
    code: 'ALREADY_RUNNING',
    message: `Machine "${spec.name}" is already running.`,
  });
}
