import type { Socket } from 'node:net';
import * as z from 'zod';
import { WherryError } from '../../core/errors.ts';
import { POWER_OFF_LINE } from '../../protocol/boot/power.ts';
import type { MachineSpec, StopOptions } from '../driver.ts';
import { connectComPort } from './com-port.ts';
import type { HypervHost } from './host.ts';
import { markOf, pipesOf } from './names.ts';
import { hypervOptions } from './options.ts';
import { runScript } from './powershell.ts';
import { removeVmFile } from './vm-file.ts';
import { hypervState, isOff, isSaved } from './vm-state.ts';

const PRESS_AGAIN_MS = 2000;

const nothing = z.object({});

/**
 * Orderly power-down, or saving where the machine's `stop` option says so and `powerOff` doesn't; by force after
 * `timeoutMs`. With `powerOff` a saved guest goes on first, so that it can write down what it has in memory.
 */
export async function stopVm(
  host: HypervHost,
  spec: MachineSpec,
  timeoutMs: number,
  { powerOff = false }: StopOptions = {},
): Promise<void> {
  const state = await hypervState(host, spec);
  if (powerOff) {
    if (isSaved(state)) await stopScript(host, spec, 'resume', timeoutMs);
    if (isSaved(state) || !isOff(state)) await powerDown(host, spec, timeoutMs);
    await killVm(host, spec);
    return;
  }
  if (!isOff(state)) {
    const { stop } = hypervOptions.parse(spec.options);
    if (stop === 'save') await stopScript(host, spec, 'save', timeoutMs);
    else await powerDown(host, spec, timeoutMs);
  }
  await endVm(host, spec);
}

/** Ends the VM at once, as if its plug were pulled, and what was saved of it. */
export async function killVm(host: HypervHost, spec: MachineSpec): Promise<void> {
  await stopScript(host, spec, 'discard');
  await removeVmFile(spec);
}

/** As {@link killVm}, but one that is saved stays so. */
export async function endVm(host: HypervHost, spec: MachineSpec): Promise<void> {
  await stopScript(host, spec, 'off');
  await removeVmFile(spec);
}

async function stopScript(
  host: HypervHost,
  spec: MachineSpec,
  how: 'shutdown' | 'save' | 'resume' | 'off' | 'discard',
  timeoutMs?: number,
): Promise<void> {
  await runScript(host, 'stop', { mark: markOf(spec), how }, nothing, { timeoutMs });
}

/**
 * Asks the guest over its serial port, whose pipe closes when the VM has gone. Where this session may not open that,
 * Hyper-V asks through its shutdown service.
 */
async function powerDown(host: HypervHost, spec: MachineSpec, timeoutMs: number): Promise<void> {
  const patience = AbortSignal.timeout(timeoutMs);
  try {
    const port = await connectComPort(host, pipesOf(host, spec).ready, patience);
    await pressUntilGone(host, port, patience);
  } catch (error) {
    if (patience.aborted) return;
    if (!(error instanceof WherryError) || error.code !== 'COM_PORT_DENIED') throw error;
    await stopScript(host, spec, 'shutdown', timeoutMs);
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
