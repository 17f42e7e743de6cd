import { WherryError } from '../../core/errors.ts';
import type { ReadinessEvent } from '../../protocol/boot/readiness.ts';
import type { MachineSpec, RunningVm, StartOptions } from '../driver.ts';
import type { Hardware } from './argv/machine.ts';
import { bootError, type BootFailure } from '../guest/boot-error.ts';
import { panicReason } from '../guest/console-log.ts';
import type { QemuHost } from './host.ts';
import { abandon, launch, type LaunchedVm } from './launch.ts';
import { isDiskInUse, isPortTaken, lastMessage } from './qemu-messages.ts';
import { guestWord } from './readiness.ts';
import { writeVmFile, type VmFile } from './vm-file.ts';

/** Between the bind test of a port and QEMU's own bind, somebody else can take it. */
const LAUNCH_ATTEMPTS = 5;

/** Powers a VM on and waits for its `engine` line. On failure nothing is left running. Error: `BOOT_FAILED`, `DISK_IN_USE`. */
export async function bootVm(
  host: QemuHost,
  spec: MachineSpec,
  binary: string,
  hardware: Hardware,
  options: StartOptions,
): Promise<RunningVm> {
  for (let attempt = 1; ; attempt += 1) {
    options.signal.throwIfAborted();
    const vm = await launch(host, spec, binary, hardware);
    const outcome = await untilReady(host, spec, vm, options);
    if (outcome === 'ready') {
      await writeVmFile(spec, { ...vm.file, started: true });
      return runningVm(vm.file);
    }
    await abandon(host, spec, vm);
    if (outcome !== 'port-taken') throw outcome;
    if (attempt === LAUNCH_ATTEMPTS) throw await exitError(spec, vm, undefined);
  }
}

/** How others see a VM that `vm.json` describes. */
export function runningVm(file: VmFile): RunningVm {
  return {
    sshHost: '127.0.0.1',
    sshPort: file.sshPort,
    accelerator: file.accelerator,
    process: file.process,
  };
}

type Outcome = 'ready' | 'port-taken' | Error;

async function untilReady(
  host: QemuHost,
  spec: MachineSpec,
  vm: LaunchedVm,
  options: StartOptions,
): Promise<Outcome> {
  let lastEvent: ReadinessEvent | undefined;
  const done = new AbortController();
  const signal = AbortSignal.any([options.signal, done.signal]);
  const timeout = host.clock.sleep(options.timeoutMs, signal).then(() => 'timeout' as const);
  const decided = guestWord({
    clock: host.clock,
    child: vm.child,
    ready: vm.file.ready,
    signal,
    isLast: ({ event }) => event === 'engine' || event === 'failed',
    onLine: (line) => {
      if (line.event !== 'failed') lastEvent = line.event;
      options.onLine(line);
    },
  });
  try {
    const first = await Promise.race([timeout, decided]);
    const fail = (failure: BootFailure): Promise<Error> => bootError(spec, failure, lastEvent);
    if (first === 'timeout') return await fail({ kind: 'timeout', timeoutMs: options.timeoutMs });
    if (first === 'exited')
      return isPortTaken(await vm.output()) ? 'port-taken' : await exitError(spec, vm, lastEvent);
    if (first.event === 'failed')
      return await fail({ kind: 'unit', unit: first.unit, message: first.message });
    vm.child.release();
    return 'ready';
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    done.abort(new Error('the boot is decided'));
    await Promise.allSettled([decided, timeout]);
  }
}

async function exitError(
  spec: MachineSpec,
  vm: LaunchedVm,
  lastEvent: ReadinessEvent | undefined,
): Promise<WherryError> {
  const { exitCode, signal } = await vm.child.exited;
  const output = await vm.output();
  if (isDiskInUse(output)) {
    return new WherryError({
      code: 'DISK_IN_USE',
      message: `the data disk of "${spec.name}" is in use by another process: ${spec.dataDisk}`,
      hint: 'End the QEMU that still has it, then start the machine again',
    });
  }
  // With `panic=-1` and `-no-reboot` a panic, a reset and a power-off all end QEMU with status 0.
  if (exitCode === 0) {
    const panic = await panicReason(spec.consoleLog);
    const how = panic === undefined ? 'the guest went down' : `its kernel panicked: ${panic}`;
    return bootError(spec, { kind: 'exit', how }, lastEvent);
  }
  const why = lastMessage(output);
  const how = `QEMU ended with ${exitCode === undefined ? `signal ${signal}` : `status ${exitCode}`}`;
  return bootError(spec, { kind: 'exit', how: why === undefined ? how : `${how}: ${why}` }, lastEvent);
}
