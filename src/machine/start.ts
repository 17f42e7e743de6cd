import { WherryError } from '../core/errors.ts';
import { endAgent, ensureAgent } from '../agent/client/ensure-agent.ts';
import type { BootImage } from '../drivers/driver.ts';
import { makeRunDirectory } from '../platform/paths.ts';
import type { ReadinessLine } from '../protocol/boot/readiness.ts';
import type { Clock } from '../platform/clock.ts';
import { writeConfigDisk } from './config-disk.ts';
import type { MachineContext, Reporter } from './context.ts';
import { isRunning, loadMachine, specOf, type KnownMachine } from './lifecycle.ts';
import { settle } from './off.ts';
import { wayOut } from './way-out.ts';

/** Emulation of another architecture on a busy computer is slow; a boot that failed is told at once, not by this. */
const BOOT_MS = 300_000;

/** Starts a stopped machine and its agent. Errors: `ALREADY_RUNNING`, `LOCKED`, the boot's own. */
export async function startMachine(
  context: MachineContext,
  name: string,
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  await context.store.load(name);
  await context.store.withLock(name, { verb: 'start', signal }, async () => {
    const machine = await loadMachine(context, name, true);
    // Whoever asks for the engine to be set up anew says provision.
    if (machine.driver.capabilities.power === false) await refuseRunning(context, machine, signal);
    await startHeld(context, name, report, signal);
  });
}

/** {@link startMachine} for whoever holds the machine's lock; `other` is an image to boot in place of its own. */
export async function startHeld(
  context: MachineContext,
  name: string,
  report: Reporter,
  signal: AbortSignal,
  other?: BootImage,
): Promise<void> {
  if (await isSomebodys(context, name)) {
    await bringUp(context, await loadMachine(context, name, true), report, signal, other);
    return;
  }
  const { files } = await requireStopped(context, name, signal);
  await settle(files);
  // A restore that was finished just now has changed its configuration.
  await bringUp(context, await loadMachine(context, name, true), report, signal, other);
}

/** The computer runs, or is switched on, without us. Error: `NOT_SUPPORTED`, in docker-machine's words, where it doesn't. */
async function isSomebodys(context: MachineContext, name: string): Promise<boolean> {
  const machine = await loadMachine(context, name, true);
  if (machine.driver.capabilities.power !== false) return false;
  if (isRunning(machine)) return true;
  throw new WherryError({
    code: 'NOT_SUPPORTED',
    message: `${machine.config.driver} driver does not support start`,
    hint: 'The host does not answer: it is switched on by whoever runs it',
  });
}

async function bringUp(
  context: MachineContext,
  machine: KnownMachine,
  report: Reporter,
  signal: AbortSignal,
  other: BootImage | undefined,
): Promise<void> {
  const { config, driver, files } = machine;
  const own = async (): Promise<BootImage | undefined> =>
    driver.capabilities.composedImage ? context.images.get(config.imageId) : undefined;
  const image = other ?? (await own());
  await makeRunDirectory(files.runDirectory, context.paths);
  await report.step('Start', async (say) => {
    const times = bootTimes(context.clock);
    const bringAgent = (): Promise<unknown> => ensureAgent(files, context.store.home, context.agent, signal);
    let early: Promise<unknown> | undefined;
    await driver.start(specOf(machine, image), {
      signal,
      timeoutMs: BOOT_MS,
      onNote: (note) => report.note(note),
      beforePowerOn: async ({ accelerator }) => {
        const way = await wayOut(config.engine, context.paths);
        for (const note of way.notes) report.note(note);
        await writeConfigDisk(files, config, { accelerator, nowMs: context.clock.now(), wayOut: way });
      },
      onLine: (line) => {
        times.onLine(line);
        // While the guest still starts its engine. If the boot then fails, the agent goes with the VM.
        if (line.event === 'ssh') early ??= bringAgent().catch((error: unknown) => error);
        say(times.summary());
      },
    });
    try {
      await early;
      await bringAgent();
    } catch (error) {
      // Out of reach, or interrupted: a start that fails leaves nothing running.
      if (driver.capabilities.power !== false) await driver.kill(specOf(machine));
      await endAgent(files, context.agent.processes);
      throw error;
    }
    return { value: undefined, summary: times.summary() };
  });
}

async function requireStopped(
  context: MachineContext,
  name: string,
  signal: AbortSignal,
): Promise<KnownMachine> {
  const machine = await loadMachine(context, name, true);
  await refuseRunning(context, machine, signal);
  return machine;
}

/** A dead agent is mended here too: afterwards the machine is what "running" promises. Error: `ALREADY_RUNNING`. */
async function refuseRunning(
  context: MachineContext,
  machine: KnownMachine,
  signal: AbortSignal,
): Promise<void> {
  if (!isRunning(machine)) return;
  await ensureAgent(machine.files, context.store.home, context.agent, signal);
  throw new WherryError({
    bare: true,
    code: 'ALREADY_RUNNING',
    message: `Machine "${machine.config.name}" is already running.`,
  });
}

const STEP_NAMES: Partial<Record<ReadinessLine['event'], string>> = {
  booted: 'kernel',
  ssh: 'ssh',
  engine: 'engine',
};

/** `kernel 0.4 s · ssh 0.1 s · engine 0.3 s`: how long each readiness line took after the one before. */
export function bootTimes(clock: Clock): { onLine: (line: ReadinessLine) => void; summary: () => string } {
  let last = clock.monotonic();
  const parts: string[] = [];
  return {
    onLine(line) {
      const now = clock.monotonic();
      const name = STEP_NAMES[line.event];
      if (name !== undefined) parts.push(`${name} ${((now - last) / 1000).toFixed(1)} s`);
      last = now;
    },
    summary: () => parts.join(' · '),
  };
}
