import { messageOf, WherryError } from '../core/errors.ts';
import type { BootImage, Driver, MachineSpec, RunningVm } from '../drivers/driver.ts';
import type { MachineContext } from './context.ts';
import type { MachineFiles } from './store/filenames.ts';
import type { MachineConfig } from './store/machine-config.ts';
import { machineNotFound, type MachineVerb, type StoredMachine } from './store/machine-store.ts';
import { absentImage, storedSpec } from './store/machine-spec.ts';

interface Known {
  readonly files: MachineFiles;
  readonly config: MachineConfig;
  readonly driver: Driver;
}

/** A machine as the facts have it at one moment; each state carries only what it has. */
export type Machine =
  | (Known & { readonly status: 'running' | 'paused'; readonly vm: RunningVm })
  | (Known & { readonly status: 'stopped'; readonly saved?: true })
  /** Another process is at it. */
  | (Known & { readonly status: 'starting' | 'stopping'; readonly by: number })
  | (Known & { readonly status: 'error'; readonly reason: string })
  /** Its machine.json can't be read. */
  | { readonly status: 'broken'; readonly files: MachineFiles; readonly reason: string };

export type RunningMachine = Extract<Machine, { status: 'running' | 'paused' }>;
export type KnownMachine = Exclude<Machine, { status: 'broken' }>;

const STARTING = new Set<string | undefined>([
  'create',
  'start',
  'restart',
  'regenerate-certs',
  'upgrade',
] satisfies MachineVerb[]);
const STOPPING = new Set<string | undefined>(['stop', 'kill', 'rm'] satisfies MachineVerb[]);

/** Looks a machine up and asks the facts. Error: `MACHINE_NOT_FOUND`. */
export async function findMachine(context: MachineContext, name: string): Promise<Machine> {
  const stored = await context.store.find(name);
  if (stored === undefined) throw machineNotFound(name);
  return lookAt(context, stored);
}

/** As {@link findMachine}; a broken one is an error here. `ignoreBusy` for whoever holds its lock. Error: `CONFIG_BROKEN`. */
export async function loadMachine(
  context: MachineContext,
  name: string,
  ignoreBusy = false,
): Promise<KnownMachine> {
  return lookAtLoaded(context, await context.store.load(name), ignoreBusy);
}

/** The facts about a stored machine. `ignoreBusy` for whoever holds its lock. */
export async function lookAt(
  context: MachineContext,
  stored: StoredMachine,
  ignoreBusy = false,
): Promise<Machine> {
  if (stored.state === 'broken') return { status: 'broken', files: stored.files, reason: stored.reason };
  return lookAtLoaded(context, stored, ignoreBusy);
}

async function lookAtLoaded(
  context: MachineContext,
  stored: Pick<Known, 'files' | 'config'>,
  ignoreBusy: boolean,
): Promise<KnownMachine> {
  const driver = await context.drivers.driver(stored.config.driver);
  const known = { files: stored.files, config: stored.config, driver };
  const busy = ignoreBusy ? undefined : await context.store.busyWith(stored.config.name);
  if (busy !== undefined && STARTING.has(busy.verb)) return { ...known, status: 'starting', by: busy.pid };
  if (busy !== undefined && STOPPING.has(busy.verb)) return { ...known, status: 'stopping', by: busy.pid };
  try {
    const vm = await driver.status(specOf(known));
    if (vm.status === 'starting' && ignoreBusy) {
      // The caller holds the lock that a start has to its end: whoever powered this one on has let go of it.
      return { ...known, status: 'error', reason: 'its start was cut off' };
    }
    return { ...known, ...vm };
  } catch (error) {
    return { ...known, status: 'error', reason: messageOf(error) };
  }
}

/** What the driver is told. Without an image: enough to look at a VM or to end it, not to start it. */
export function specOf(machine: Pick<Known, 'files' | 'config'>, image?: BootImage): MachineSpec {
  return { ...storedSpec(machine.files, machine.config), image: image ?? absentImage(machine.config) };
}

/** A paused VM runs too: it has a process and an agent. */
export function isRunning(machine: Machine): machine is RunningMachine {
  return machine.status === 'running' || machine.status === 'paused';
}

/** The machine if it runs; otherwise docker-machine's error, with the machine's name and state. */
export function requireRunning(machine: KnownMachine): RunningMachine {
  if (isRunning(machine)) return machine;
  const { name } = machine.config;
  throw new WherryError({
    bare: true,
    code: 'HOST_NOT_RUNNING',
    message: `Host is not running: machine "${name}" is ${describe(machine)}`,
    hint: `Start it with:  wherry machine start ${name}`,
  });
}

function describe(machine: Exclude<KnownMachine, RunningMachine>): string {
  if (machine.status === 'error') return `broken: ${machine.reason}`;
  if (machine.status === 'stopped') return 'stopped';
  return `${machine.status} (pid ${machine.by} is at it)`;
}

/** The states' names as `ls` and `status` print them. */
export function stateName(machine: Machine): string {
  const names = {
    running: 'Running',
    paused: 'Paused',
    stopped: 'Stopped',
    starting: 'Starting',
    stopping: 'Stopping',
    error: 'Error',
    broken: 'Error',
  } as const;
  return names[machine.status];
}
