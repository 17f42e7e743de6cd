import { WherryError } from '../core/errors.ts';
import type { MachineContext } from './context.ts';
import { loadMachine, type KnownMachine } from './lifecycle.ts';
import { finishKeys } from './renew-keys.ts';
import { finishRestore } from './snapshots/finish-restore.ts';
import type { MachineFiles } from './store/filenames.ts';

/** Finishes what a crash has cut off after it was decided. The machine is off, and its lock held. */
export async function settle(files: MachineFiles): Promise<void> {
  await finishKeys(files);
  await finishRestore(files);
}

/**
 * The machine, settled, if its data disk may be copied and replaced now: it is powered off, and the disk is a file of
 * ours. Its lock is held. Errors: `MACHINE_NOT_OFF`, `NOT_SUPPORTED`.
 *
 * @param what is to be done: `clone`
 */
export async function requireOff(context: MachineContext, name: string, what: string): Promise<KnownMachine> {
  const { driver, status } = await loadMachine(context, name, true);
  if (driver.capabilities.fileDisk !== true) {
    throw new WherryError({
      code: 'NOT_SUPPORTED',
      message: `${what}: machine "${name}" has the driver "${driver.name}", whose disk is no file that can be copied`,
    });
  }
  if (status !== 'stopped') {
    throw new WherryError({
      code: 'MACHINE_NOT_OFF',
      message: `${what}: machine "${name}" is not stopped, and its disk is written to`,
      hint: `Stop it first:  wherry machine stop ${name}`,
    });
  }
  await settle(context.store.files(name));
  // A restore that was finished just now has changed its configuration.
  return loadMachine(context, name, true);
}
