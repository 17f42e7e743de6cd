import type { MachineContext, Reporter } from './context.ts';
import { startHeld } from './start.ts';
import { stopHeld } from './stop.ts';

/** Stops what runs, then starts: a stopped machine runs afterwards too, as docker-machine has it. */
export async function restartMachine(
  context: MachineContext,
  name: string,
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  await context.store.load(name);
  await context.store.withLock(name, { verb: 'restart', signal }, async () => {
    await stopHeld(context, name, report);
    await startHeld(context, name, report, signal);
  });
}
