import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { systemErrorCode, WherryError } from '../core/errors.ts';
import type { MachineContext, Reporter } from './context.ts';
import { requirePositive } from './create.ts';
import { checkEngineSettings, keyOf } from './engine-settings.ts';
import { isRunning, loadMachine, type KnownMachine } from './lifecycle.ts';
import { restartMachine } from './restart.ts';
import { finishRestore } from './snapshots/finish-restore.ts';
import { DEFAULT_MOUNTS, type EngineSettings, type MachineConfig } from './store/machine-config.ts';

/** The settings that are lists. */
export type ListName = {
  [K in keyof EngineSettings]-?: NonNullable<EngineSettings[K]> extends string[] ? K : never;
}[keyof EngineSettings];

/** A list is replaced, then added to, then taken from. What is added under a name that is there replaces it. */
export interface ListChange {
  readonly replace?: readonly string[] | undefined;
  readonly add?: readonly string[] | undefined;
  /** Whole entries, or the names of `NAME=VALUE`. */
  readonly remove?: readonly string[] | undefined;
}

/** What `machine set` was asked for; what is left out stays. */
export interface SettingsChange {
  readonly cpus?: number | undefined;
  readonly memoryMiB?: number | undefined;
  /** Not less than the disk has: what no start has given it yet can be taken back. */
  readonly diskGiB?: number | undefined;
  readonly lists?: Partial<Readonly<Record<ListName, ListChange>>> | undefined;
  readonly options?: Pick<EngineSettings, 'userns' | 'hostAccess'> | undefined;
}

/**
 * Changes what `machine create` has set. The machine takes it up when it starts; with `restart` one that runs is
 * restarted at once. Errors: `MACHINE_NOT_FOUND`, `LOCKED`, `INVALID_OPTION`, the restart's own.
 */
export async function setMachine(
  context: MachineContext,
  name: string,
  change: SettingsChange,
  restart: boolean,
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  await context.store.load(name);
  const { runs, saved, differs } = await context.store.withLock(name, { verb: 'set', signal }, async () => {
    await finishRestore(context.store.files(name));
    const machine = await loadMachine(context, name, true);
    if (!machine.driver.capabilities.lifecycle) throw notOurs(machine.config);
    if (change.diskGiB !== undefined) await requireRoom(machine, change.diskGiB);
    const config = changed(machine.config, change);
    const differs = !isDeepStrictEqual(config, machine.config);
    if (differs) await context.store.save(config);
    const saved = machine.status === 'stopped' && machine.saved === true;
    return { runs: isRunning(machine), saved, differs };
  });
  if (runs && restart) await restartMachine(context, name, report, signal);
  else if ((runs || saved) && differs)
    report.note(`Restart the machine for this to take effect: wherry machine restart ${name}`);
}

/** A machine's configuration with a change made. @throws WherryError INVALID_OPTION */
export function changed(config: MachineConfig, change: SettingsChange): MachineConfig {
  const { cpus = config.cpus, memoryMiB = config.memoryMiB, diskGiB = config.diskGiB } = change;
  const engine = { ...config.engine };
  for (const [name, value] of Object.entries(change.options ?? {})) {
    if (value === undefined) delete engine[name as 'userns' | 'hostAccess'];
    else Object.assign(engine, { [name]: value });
  }
  for (const [name, list] of Object.entries(change.lists ?? {}) as [ListName, ListChange][]) {
    const entries = changedList(engine[name] ?? (name === 'mounts' ? DEFAULT_MOUNTS : []), list);
    engine[name] = entries;
    // As it was where the setting was never made: older versions of Wherry know less.
    if (entries.length === 0 && (name === 'env' || name === 'certificateAuthorities')) delete engine[name];
  }
  checkEngineSettings(engine);
  return {
    ...config,
    cpus: requirePositive('cpus', cpus),
    memoryMiB: requirePositive('memory', memoryMiB),
    diskGiB: requirePositive('disk', diskGiB),
    engine,
  };
}

function changedList(before: readonly string[], { replace, add = [], remove = [] }: ListChange): string[] {
  const entries = new Map((replace ?? before).map((entry) => [keyOf(entry), entry]));
  for (const entry of add) entries.set(keyOf(entry), entry);
  for (const name of remove) entries.delete(keyOf(name));
  return [...entries.values()];
}

const GIB = 2 ** 30;

/**
 * A disk that is in another file, as Hyper-V's, has what was last wanted of it.
 * @throws WherryError INVALID_OPTION where the data disk is larger than that
 */
async function requireRoom({ config, files }: KnownMachine, wanted: number): Promise<void> {
  const size = await stat(files.dataDisk).then(
    (found) => found.size,
    (error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return config.diskGiB * GIB;
      throw error;
    },
  );
  if (size <= wanted * GIB) return;
  throw new WherryError({
    code: 'INVALID_OPTION',
    message: `the data disk of "${config.name}" has ${Math.ceil(size / GIB)} GiB and can't be made smaller (--disk ${wanted})`,
    hint: `What is unused of it takes no space here. For less:  wherry machine create --disk ${wanted} NAME`,
  });
}

function notOurs({ name, driver }: MachineConfig): WherryError {
  return new WherryError({
    code: 'NOT_SUPPORTED',
    message: `machine "${name}" has the driver "${driver}": somebody else runs it, and sets what it has`,
  });
}
