import type { Socket } from 'node:net';
import * as z from 'zod';
import { messageOf, WherryError } from '../../core/errors.ts';
import { POWER_OFF_LINE } from '../../protocol/boot/power.ts';
import type { MachineSpec, StopOptions } from '../driver.ts';
import { connectComPort } from './com-port.ts';
import type { HypervHost } from './host.ts';
import { identityOf, pipesOf } from './names.ts';
import { hypervOptions } from './options.ts';
import { runScript } from './powershell.ts';
import { removeVmFile } from './vm-file.ts';
import { hypervState, isOff, isSaved } from './vm-state.ts';

const PRESS_AGAIN_MS = 2000;
/** Hyper-V ends a VM by force in a second or two. */
const FORCE_MS = 60_000;

const nothing = z.object({});

/**
 * Orderly power-down, or saving where the machine's `stop` option says so and `powerOff` doesn't; by force after
 * `timeoutMs`, or where Hyper-V fails at it.
 */
export async function stopVm(
  host: HypervHost,
  spec: MachineSpec,
  timeoutMs: number,
  { powerOff = false }: StopOptions = {},
): Promise<void> {
  const cause = await failureOf(stopInOrder(host, spec, powerOff, AbortSignal.timeout(timeoutMs)));
  const failure = await failureOf(powerOff ? killVm(host, spec) : endVm(host, spec));
  if (failure === undefined) return;
  throw cause === undefined
    ? failure
    : new WherryError({
        code: 'STOP_FAILED',
        message: `"${spec.name}" could be ended neither in order (${messageOf(cause)}) nor by force: ${messageOf(failure)}`,
        hint: failure instanceof WherryError ? failure.hint : undefined,
        cause: failure,
      });
}

/**
 * A saved guest is left alone, or with `powerOff` goes on first, so that it can write down what it has in memory. One that
 * can't be saved (a full disk) is powered down.
 */
async function stopInOrder(
  host: HypervHost,
  spec: MachineSpec,
  powerOff: boolean,
  patience: AbortSignal,
): Promise<void> {
  const { stop } = hypervOptions.parse(spec.options);
  const state = await hypervState(host, spec, patience);
  if (isSaved(state)) {
    if (!powerOff) return;
    await stopScript(host, spec, 'resume', { signal: patience });
  } else if (isOff(state)) return;
  else if (stop === 'save' && !powerOff) {
    if ((await failureOf(stopScript(host, spec, 'save', { signal: patience }))) === undefined) return;
  }
  await powerDown(host, spec, patience);
}

/** Ends the VM at once, as if its plug were pulled, and what was saved of it. */
export async function killVm(host: HypervHost, spec: MachineSpec): Promise<void> {
  await stopScript(host, spec, 'discard', { timeoutMs: FORCE_MS });
  await removeVmFile(spec);
}

/** As {@link killVm}, but one that is saved stays so. */
export async function endVm(host: HypervHost, spec: MachineSpec): Promise<void> {
  await stopScript(host, spec, 'off', { timeoutMs: FORCE_MS });
  await removeVmFile(spec);
}

async function stopScript(
  host: HypervHost,
  spec: MachineSpec,
  how: 'shutdown' | 'save' | 'resume' | 'off' | 'discard',
  limit: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
): Promise<void> {
  await runScript(host, 'stop', { ...identityOf(spec), how }, nothing, limit);
}

function failureOf(work: Promise<void>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/**
 * Asks the guest over its serial port, whose pipe closes when the VM has gone. Where this session may not open that,
 * Hyper-V asks through its shutdown service.
 */
async function powerDown(host: HypervHost, spec: MachineSpec, patience: AbortSignal): Promise<void> {
  try {
    const port = await connectComPort(host, pipesOf(host, spec).ready, patience);
    await pressUntilGone(host, port, patience);
  } catch (error) {
    if (!(error instanceof WherryError) || error.code !== 'COM_PORT_DENIED') throw error;
    await stopScript(host, spec, 'shutdown', { signal: patience });
  }
}

async function pressUntilGone(host: HypervHost, port: Socket, patience: AbortSignal): Promise<void> {
  const gone = new AbortController();
  port.once('close', () => gone.abort());
  port.on('error', () => port.destroy());
  port.resume();
  const either = AbortSignal.any([patience, gone.signal]);
  while (!either.aborted) {
    port.write(`${POWER_OFF_LINE}\n`);
    await host.clock.sleep(PRESS_AGAIN_MS, either).catch((error: unknown) => {
      if (!either.aborted) throw error;
    });
  }
  port.destroy();
}
