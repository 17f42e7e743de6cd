import { messageOf, WherryError } from '../core/errors.ts';
import type { BootImage } from '../drivers/driver.ts';
import type { MachineContext, Reporter } from './context.ts';
import { requireImage, withImage } from './image-claim.ts';
import { isRunning, loadMachine, type KnownMachine } from './lifecycle.ts';
import { startHeld } from './start.ts';
import { stopHeld } from './stop.ts';
import type { MachineConfig } from './store/machine-config.ts';

/**
 * Moves a machine to the newest VM image, composed first where there is a newer one; it runs afterwards. Which image a
 * machine has is written down once it has come up with it: an upgrade that fails, or a crash, leaves the old one.
 * Errors: `MACHINE_NOT_FOUND`, `LOCKED`, `NOT_SUPPORTED`, the composition's, `UPGRADE_FAILED` (the old image runs again).
 */
export async function upgradeMachine(
  context: MachineContext,
  name: string,
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const { config } = await context.store.load(name);
  const driver = await context.drivers.driver(config.driver);
  if (!driver.capabilities.lifecycle) {
    throw new WherryError({
      code: 'NOT_SUPPORTED',
      message: `machine "${name}" has the driver "${config.driver}": somebody else runs it, and upgrades it`,
    });
  }
  const newest = driver.capabilities.composedImage
    ? await context.images.newest(config.arch, signal, driver.capabilities)
    : undefined;
  await context.store.withLock(name, { verb: 'upgrade', signal }, () =>
    upgradeHeld(context, name, newest, report, signal),
  );
}

async function upgradeHeld(
  context: MachineContext,
  name: string,
  newest: BootImage | undefined,
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const machine = await loadMachine(context, name, true);
  if (newest === undefined || machine.config.imageId === newest.id) {
    report.note(`Machine "${name}" is already up to date.`);
    if (!isRunning(machine)) await startHeld(context, name, report, signal);
    return;
  }
  await withImage(context, name, newest, () => moveTo(context, machine, newest, report, signal));
}

/** The image is kept from being removed meanwhile. */
async function moveTo(
  context: MachineContext,
  machine: KnownMachine,
  newest: BootImage,
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const { name } = machine.config;
  await stopHeld(context, name, report);
  try {
    await startHeld(context, name, report, signal, newest);
    await requireStillThere(context, name, newest, report);
  } catch (error) {
    // Interrupted: it is off, and still the old image's.
    if (signal.aborted) throw error;
    throw await rolledBack(context, machine.config, { newest, reason: error }, report, signal);
  }
  // A restore that the start has finished changed its configuration.
  const { config } = await context.store.load(name);
  await context.store.save({ ...config, imageId: newest.id });
  report.note(
    `Machine "${name}" has the image ${short(newest.id)} now, in place of ${short(config.imageId)}.`,
  );
}

/** An image that somebody has removed by hand doesn't come up a second time: the machine is stopped then. */
async function requireStillThere(
  context: MachineContext,
  machine: string,
  image: BootImage,
  report: Reporter,
): Promise<void> {
  try {
    await requireImage(context, image);
  } catch (error) {
    await stopHeld(context, machine, report);
    throw error;
  }
}

/** Starts the machine with the image that it had. @returns the upgrade's failure, with how it ended */
async function rolledBack(
  context: MachineContext,
  { name, imageId }: MachineConfig,
  failed: { readonly newest: BootImage; readonly reason: unknown },
  report: Reporter,
  signal: AbortSignal,
): Promise<WherryError> {
  const what = `machine "${name}" did not come up with the image ${short(failed.newest.id)}: ${messageOf(failed.reason)}`;
  report.note(`The new image did not come up: back to ${short(imageId)}.`);
  const { hint } = failed.reason instanceof WherryError ? failed.reason : {};
  try {
    await startHeld(context, name, report, signal);
  } catch (error) {
    signal.throwIfAborted();
    return new WherryError({
      code: 'UPGRADE_FAILED',
      message: `${what}; with its old image ${short(imageId)}: ${messageOf(error)}`,
      hint: `Try it again:  wherry machine start ${name}`,
      cause: failed.reason,
    });
  }
  return new WherryError({
    code: 'UPGRADE_FAILED',
    message: `${what}; it runs its old image ${short(imageId)} again`,
    hint,
    cause: failed.reason,
  });
}

const short = (id: string): string => id.slice(0, 12);
