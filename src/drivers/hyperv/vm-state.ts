import * as z from 'zod';
import type { MachineSpec, RunningVm, VmStatus } from '../driver.ts';
import type { HypervHost } from './host.ts';
import { identityOf } from './names.ts';
import { runScript } from './powershell.ts';
import { readVmFile } from './vm-file.ts';

export const vmAnswer = z.object({ vm: z.object({ id: z.string(), state: z.string() }).nullable() });

/** Names of Microsoft.HyperV.PowerShell.VMState. A `Fast` state is one of a VM on its way to or from a saved one. */
const SAVED = new Set(['Saved', 'FastSaved', 'SavedCritical', 'FastSavedCritical']);
const OFF = new Set(['Off', 'OffCritical', ...SAVED]);
const PAUSED = new Set(['Paused', 'PausedCritical']);
const RUNNING = new Set([
  'Running',
  'Starting',
  'Resuming',
  'Stopping',
  'Saving',
  'FastSaving',
  'Pausing',
  'Reset',
]);

/** Hyper-V's name for a machine's state; undefined where it has no such virtual machine. */
export async function hypervState(
  host: HypervHost,
  spec: MachineSpec,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { vm } = await runScript(host, 'state', identityOf(spec), vmAnswer, { signal });
  return vm?.state;
}

/** Whether a state of {@link hypervState} has the VM neither running nor paused. */
export function isOff(state: string | undefined): boolean {
  return state === undefined || OFF.has(state);
}

/** Whether a state of {@link hypervState} has the VM go on where it was with its next start. */
export function isSaved(state: string | undefined): boolean {
  return state !== undefined && SAVED.has(state);
}

/** What is true of a machine's VM, by Hyper-V's word and by what its start noted. */
export async function vmStatus(host: HypervHost, spec: MachineSpec): Promise<VmStatus> {
  const state = await hypervState(host, spec);
  if (isSaved(state)) return { status: 'stopped', saved: true };
  if (state === undefined || OFF.has(state)) return { status: 'stopped' };
  const isPaused = PAUSED.has(state);
  if (!isPaused && !RUNNING.has(state)) return { status: 'error', reason: reasonOf(state) };
  const file = await readVmFile(spec);
  if (file === undefined) return { status: 'error', reason: 'it runs, but not by Wherry’s doing' };
  const vm = runningVm(file.address ?? '');
  if (file.started === true) return { status: isPaused ? 'paused' : 'running', vm };
  if (await host.processes.isAlive(file.starter)) return { status: 'starting', vm, by: file.starter.pid };
  return { status: 'error', reason: 'its start was cut off' };
}

/** How others see a VM whose guest has this address. Its SSH port is its own: there is no forward. */
export function runningVm(address: string): RunningVm {
  return { sshHost: address, sshPort: 22, accelerator: 'hyperv' };
}

function reasonOf(state: string): string {
  if (state === 'RunningCritical')
    return 'a disk of the VM cannot be written (is this computer’s disk full?)';
  return `Hyper-V reports "${state}"`;
}
