import * as z from 'zod';
import { messageOf, systemErrorCode, WherryError } from '../../core/errors.ts';
import type { ProcessIdentity } from '../../platform/process-identity.ts';
import { POWER_OFF_LINE } from '../../protocol/boot/power.ts';
import type { MachineSpec, VmStatus } from '../driver.ts';
import { runningVm } from './boot.ts';
import { connectOnce } from './endpoint.ts';
import type { QemuHost } from './host.ts';
import type { QmpClient } from './qmp/client.ts';
import { withQmp } from './qmp/session.ts';
import { readVmFile, removeTraces, type VmFile } from './vm-file.ts';

/** How long QEMU may take to answer on its control socket; it answers in milliseconds unless another client is served. */
const QMP_ANSWER_MS = 3000;
/** How long a process may take to disappear after SIGKILL: the kernel writes back and frees gigabytes. */
const KILL_MS = 10_000;
const EXIT_CHECK_MS = 20;
/** A guest that has just booted may not have loaded its power button's driver yet: a press is lost then. */
const PRESS_AGAIN_MS = 2000;

/**
 * What is true of a machine's VM. Reads only: the leftovers of a VM that has gone are cleared by those who hold the
 * machine's lock.
 */
export async function vmStatus(host: QemuHost, spec: MachineSpec): Promise<VmStatus> {
  const file = await readVmFile(spec);
  if (file === undefined || !(await isThere(host, file))) return { status: 'stopped' };
  const runState = await queryRunState(file);
  if (runState === undefined) {
    // A starter that died before it could note the process leaves only the socket to go by.
    return file.process === undefined ? { status: 'stopped' } : { status: 'running', vm: runningVm(file) };
  }
  return fromRunState(runState, file);
}

async function isThere(host: QemuHost, file: VmFile): Promise<boolean> {
  return file.process === undefined || host.processes.isAlive(file.process);
}

/** QEMU's run state, or undefined where it can't be asked or doesn't answer (not listening yet, or serving another). */
async function queryRunState({ qmp: monitor }: VmFile): Promise<string | undefined> {
  if (monitor === undefined) return undefined;
  try {
    const answer = await withQmp(monitor, AbortSignal.timeout(QMP_ANSWER_MS), (qmp) =>
      qmp.execute('query-status'),
    );
    return z.object({ status: z.string() }).parse(answer).status;
  } catch (error) {
    if (isUnreachable(error)) return undefined;
    throw error;
  }
}

function isUnreachable(error: unknown): boolean {
  if (error instanceof WherryError) return error.code === 'QMP_CLOSED';
  if (error instanceof DOMException) return error.name === 'TimeoutError' || error.name === 'AbortError';
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(systemErrorCode(error) ?? '');
}

/** QEMU docs, qemu-qmp-ref, RunState. */
function fromRunState(runState: string, file: VmFile): VmStatus {
  switch (runState) {
    case 'running':
      return { status: 'running', vm: runningVm(file) };
    case 'paused':
    case 'suspended':
    case 'prelaunch':
    case 'inmigrate':
    case 'postmigrate':
    case 'finish-migrate':
    case 'save-vm':
    case 'restore-vm':
      return { status: 'paused', vm: runningVm(file) };
    case 'io-error':
      return {
        status: 'error',
        reason: 'its disk cannot be written: make room on this computer’s disk, then start it',
      };
    default:
      return { status: 'error', reason: `QEMU reports "${runState}"` };
  }
}

/** Orderly power-down, by force after `timeoutMs`. Resolves when the process has gone and its traces are cleared. */
export async function stopVm(host: QemuHost, spec: MachineSpec, timeoutMs: number): Promise<void> {
  const file = await readVmFile(spec);
  if (file !== undefined && (await isThere(host, file))) {
    const patience = AbortSignal.timeout(timeoutMs);
    await powerDown(host, file, patience);
    // The control socket closes a moment before the process ends.
    if (file.process !== undefined && !patience.aborted) await isGone(host, file.process, QMP_ANSWER_MS);
  }
  await killVm(host, spec);
}

/** Asks the guest in both ways it may listen to; resolves when QEMU has gone, or when `signal` ends the patience. */
async function powerDown(host: QemuHost, file: VmFile, signal: AbortSignal): Promise<void> {
  try {
    await withReadyPort(file, signal, async (port) => {
      if (file.qmp === undefined) return pressUntilGone(host, port, signal);
      return withQmp(file.qmp, signal, async (qmp) => {
        await qmp.execute('cont');
        await pressUntilGone(host, bothOf(qmp, port), signal);
      });
    });
  } catch (error) {
    if (!isUnreachable(error) && !signal.aborted) throw error;
  }
}

/** A way to ask a guest to power itself off; `closed` resolves when its QEMU has gone. */
interface PowerButton {
  readonly press: () => Promise<unknown>;
  readonly closed: Promise<void>;
}

async function withReadyPort(
  file: VmFile,
  signal: AbortSignal,
  work: (button: PowerButton) => Promise<void>,
): Promise<void> {
  const port = await connectOnce(file.ready, signal);
  const closed = new Promise<void>((resolve) => port.once('close', () => resolve()));
  port.on('error', (error) => port.destroy(error));
  port.resume();
  try {
    await work({ closed, press: () => Promise.resolve(port.write(`${POWER_OFF_LINE}\n`)) });
  } finally {
    port.destroy();
  }
}

/** QMP's closing is what tells: the readiness port may have been another's to begin with. */
function bothOf(qmp: QmpClient, port: PowerButton): PowerButton {
  return {
    closed: qmp.closed,
    press: () => Promise.all([qmp.execute('system_powerdown'), port.press()]),
  };
}

async function pressUntilGone(host: QemuHost, button: PowerButton, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  void button.closed.then(() => gone.abort());
  const either = AbortSignal.any([signal, gone.signal]);
  while (!either.aborted) {
    await button.press();
    await Promise.race([button.closed, host.clock.sleep(PRESS_AGAIN_MS, either)]);
  }
}

/** Ends the VM at once, if it is still there and still the same process. */
export async function killVm(host: QemuHost, spec: MachineSpec): Promise<void> {
  const file = await readVmFile(spec);
  if (file?.process !== undefined) await killProcess(host, file.process);
  else if (file !== undefined) await quit(file);
  await removeTraces(spec);
}

async function killProcess(host: QemuHost, identity: ProcessIdentity): Promise<void> {
  if (!(await host.processes.signal(identity, 'SIGKILL'))) return;
  if (await isGone(host, identity, KILL_MS)) return;
  throw new WherryError({
    code: 'KILL_FAILED',
    message: `QEMU (pid ${identity.pid}) does not end, even when killed`,
  });
}

/** Waits for the end of a process that is another one's child: no portable event tells of it. */
async function isGone(host: QemuHost, identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = host.clock.monotonic() + withinMs;
  while (await host.processes.isAlive(identity)) {
    if (host.clock.monotonic() > deadline) return false;
    await host.clock.sleep(EXIT_CHECK_MS);
  }
  return true;
}

/** A VM of which only the sockets are known. */
async function quit(file: VmFile): Promise<void> {
  try {
    if (file.qmp === undefined) {
      (await connectOnce(file.ready, AbortSignal.timeout(QMP_ANSWER_MS))).destroy();
      throw new Error('its process is not known');
    }
    await withQmp(file.qmp, AbortSignal.timeout(KILL_MS), async (qmp) => {
      await qmp.execute('quit');
      await qmp.closed;
    });
  } catch (error) {
    if (isUnreachable(error)) return;
    throw new WherryError({
      code: 'KILL_FAILED',
      message: `QEMU does not end: ${messageOf(error)}`,
      cause: error,
    });
  }
}
