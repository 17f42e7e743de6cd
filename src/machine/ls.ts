import { messageOf } from '../core/errors.ts';
import { connectEngine } from './connect.ts';
import type { MachineContext } from './context.ts';
import { engineVersion } from './engine-version.ts';
import { isRunning, lookAt, stateName, type Machine } from './lifecycle.ts';
import { urlOf } from './machine-url.ts';
import type { EngineSettings, MachineConfig } from './store/machine-config.ts';

/** One line of `machine ls`, by the names of docker-machine's template fields. */
export interface MachineRow {
  readonly name: string;
  /** Whether DOCKER_HOST points at it. */
  readonly active: boolean;
  readonly driverName: string;
  /** Running Paused Saved Stopped Stopping Starting Error Timeout. */
  readonly state: string;
  readonly url: string;
  /** `v0.1.0`, or `Unknown`. */
  readonly dockerVersion: string;
  readonly error: string;
  readonly labels: readonly string[];
  /** Undefined where machine.json can't be read. */
  readonly engine?: EngineSettings | undefined;
  readonly responseTimeMs: number;
}

export interface ListOptions {
  /** How long one machine may take to answer; it is then listed with the state Timeout. */
  readonly timeoutMs?: number | undefined;
  readonly dockerHost?: string | undefined;
}

const TIMEOUT_MS = 10_000;

/** All machines, asked at the same time, in natural order of their names. One that fails says so in its row. */
export async function listMachines(
  context: MachineContext,
  options: ListOptions = {},
): Promise<MachineRow[]> {
  const natural = new Intl.Collator('en', { numeric: true });
  const names = (await context.store.names()).sort(natural.compare);
  const rows = await Promise.all(names.map((name) => rowWithin(context, name, options)));
  return rows.filter((row) => row !== undefined);
}

async function rowWithin(
  context: MachineContext,
  name: string,
  options: ListOptions,
): Promise<MachineRow | undefined> {
  const started = context.clock.monotonic();
  const finish = new AbortController();
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const timeout = context.clock.sleep(timeoutMs, finish.signal).then(
    () => 'timeout' as const,
    () => 'finished' as const,
  );
  const asked = rowOf(context, name, options, finish.signal).catch((error: unknown) =>
    failedRow(name, 'Error', messageOf(error)),
  );
  const row = await Promise.race([asked, timeout]);
  finish.abort();
  const responseTimeMs = Math.round(context.clock.monotonic() - started);
  if (row === 'timeout' || row === 'finished') {
    const stored = await context.store.find(name);
    const config = stored?.state === 'ok' ? stored.config : undefined;
    return { ...failedRow(name, 'Timeout', ''), ...configured(config), responseTimeMs };
  }
  return row === undefined ? undefined : { ...row, responseTimeMs };
}

async function rowOf(
  context: MachineContext,
  name: string,
  options: ListOptions,
  signal: AbortSignal,
): Promise<MachineRow | undefined> {
  const stored = await context.store.find(name);
  // Removed since the directory was read.
  if (stored === undefined) return undefined;
  const machine = await lookAt(context, stored);
  if (machine.status === 'broken') return failedRow(name, 'Error', machine.reason);
  const row = {
    ...failedRow(name, stateName(machine), machine.status === 'error' ? machine.reason : ''),
    ...configured(machine.config),
  };
  if (!isRunning(machine)) return row;
  const url = urlOf(machine);
  return {
    ...row,
    url,
    active: options.dockerHost === url,
    ...(await versionFields(context, machine, signal)),
  };
}

/** What a row has of the machine's configuration, whatever the machine is doing. */
function configured(config: MachineConfig | undefined): Partial<MachineRow> {
  if (config === undefined) return {};
  return { driverName: config.driver, labels: config.engine.labels, engine: config.engine };
}

async function versionFields(
  context: MachineContext,
  machine: Exclude<Machine, { status: 'broken' }>,
  signal: AbortSignal,
): Promise<{ dockerVersion: string; error: string }> {
  try {
    const stream = await connectEngine(context, machine.config.name, signal);
    const version = await engineVersion(stream, signal);
    return { dockerVersion: `v${version}`, error: '' };
  } catch (error) {
    return { dockerVersion: 'Unknown', error: `Unable to query docker version: ${messageOf(error)}` };
  }
}

function failedRow(name: string, state: string, error: string): MachineRow {
  return {
    name,
    active: false,
    driverName: '',
    state,
    url: '',
    dockerVersion: 'Unknown',
    error,
    labels: [],
    responseTimeMs: 0,
  };
}
