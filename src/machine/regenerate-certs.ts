import { WherryError } from '../core/errors.ts';
import type { MachineContext, Reporter } from './context.ts';
import { loadMachine } from './lifecycle.ts';
import { renewMachineKeys } from './renew-keys.ts';
import { startHeld } from './start.ts';
import { stopHeld } from './stop.ts';

/**
 * Makes a machine's SSH keys anew, its server's and the one that opens it. They get into the VM when it starts: a
 * machine that runs is restarted. Errors: `MACHINE_NOT_FOUND`, `LOCKED`, the start's own.
 */
export async function regenerateCerts(
  context: MachineContext,
  name: string,
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const { files } = await context.store.load(name);
  await context.store.withLock(name, { verb: 'regenerate-certs', signal }, async () => {
    await requireOwnKeys(context, name);
    const ran = await stopHeld(context, name, report);
    await report.step('Make new SSH keys', async () => {
      await renewMachineKeys(files);
      return { value: undefined, summary: '' };
    });
    if (ran) await startHeld(context, name, report, signal);
  });
}

/** Where the user's own key opens somebody's computer there is none to make. */
async function requireOwnKeys(context: MachineContext, name: string): Promise<void> {
  const { driver } = await loadMachine(context, name, true);
  if (driver.capabilities.power !== false) return;
  throw new WherryError({
    code: 'NOT_SUPPORTED',
    message: `the SSH keys of "${name}" are the host's and your own: Wherry made none`,
  });
}
