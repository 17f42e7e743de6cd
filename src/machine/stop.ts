import { endAgent } from '../agent/client/ensure-agent.ts';
import { WherryError } from '../core/errors.ts';
import type { MachineContext, Reporter } from './context.ts';
import { loadMachine, specOf, type KnownMachine } from './lifecycle.ts';

/** An orderly power-down that takes longer is ended by force. */
const POWER_DOWN_MS = 60_000;

/** Powers a machine down in order. Errors: `ALREADY_STOPPED`, `LOCKED`. */
export async function stopMachine(context: MachineContext, name: string, report: Reporter): Promise<void> {
  await endHeldBy(context, name, 'stop', async (machine) => {
    await report.step(`Stop "${name}"`, async () => {
      await machine.driver.stop(specOf(machine), POWER_DOWN_MS);
      return { value: undefined, summary: '' };
    });
  });
}

/** Ends a machine at once, as by pulling its plug, and what is saved of it. Errors: `ALREADY_STOPPED`, `LOCKED`. */
export async function killMachine(context: MachineContext, name: string, report: Reporter): Promise<void> {
  await endHeldBy(context, name, 'kill', async (machine) => {
    await report.step(`Kill "${name}"`, async () => {
      await machine.driver.kill(specOf(machine));
      return { value: undefined, summary: '' };
    });
  });
}

/**
 * Powers down what runs or is saved, under a lock that the caller holds: the next start boots. A stopped machine is left
 * as it is. @returns whether it ran
 */
export async function stopHeld(context: MachineContext, name: string, report: Reporter): Promise<boolean> {
  const machine = await loadMachine(context, name, true);
  const isOff = machine.status === 'stopped';
  if (isOff && machine.saved !== true) return false;
  // The computer is somebody's: what follows sets the engine up there anew, which ends the old one.
  if (machine.driver.capabilities.power === false) return true;
  await report.step(`Stop "${name}"`, async () => {
    await machine.driver.stop(specOf(machine), POWER_DOWN_MS, { powerOff: true });
    return { value: undefined, summary: '' };
  });
  await endAgent(machine.files, context.agent.processes);
  return !isOff;
}

async function endHeldBy(
  context: MachineContext,
  name: string,
  verb: 'stop' | 'kill',
  end: (machine: KnownMachine) => Promise<void>,
): Promise<void> {
  await context.store.load(name);
  await context.store.withLock(name, { verb }, async () => {
    const machine = await loadMachine(context, name, true);
    // What is saved of a VM can be done away with: it may never go on.
    const isSaved = machine.status === 'stopped' && machine.saved === true;
    if (machine.status === 'stopped' && !(verb === 'kill' && isSaved)) {
      await endAgent(machine.files, context.agent.processes);
      throw new WherryError({
        bare: true,
        code: 'ALREADY_STOPPED',
        message: `Machine "${name}" is already stopped.`,
      });
    }
    await end(machine);
    // After the VM, so that clients see their containers end before their connection does.
    await endAgent(machine.files, context.agent.processes);
  });
}
