import { once } from 'node:events';
import { EngineError, conflict } from '../../errors.ts';
import { setFrozen } from '../process/cgroup.ts';
import { publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import { signalProcess } from '../process/process-identity.ts';
import { isUp, requireRunning } from '../registry.ts';
import type { ContainerEntry } from '../registry.ts';
import { cgroupOf } from './release-resources.ts';
import { restartsAtAll } from './restart-policy.ts';
import { parseSignal } from '../process/signals.ts';

const SIGKILL = 9;
export const DEFAULT_STOP_SECONDS = 10;

/**
 * `docker kill`: one signal to the container's first process. SIGKILL waits for the end. Whoever kills a container
 * doesn't want it restarted; with a stop signal of its own, that is only said by this one and by SIGKILL (moby
 * daemon/kill.go).
 *
 * @throws EngineError conflict if it doesn't run, invalidParameter for an unknown signal
 */
export async function killContainer(
  context: ContainersContext,
  entry: ContainerEntry,
  signal: string,
): Promise<void> {
  const number = signal === '' ? SIGKILL : parseSignal(signal);
  if (!isUp(entry.state)) {
    throw conflict(`cannot kill container: ${entry.record.name}: container ${entry.id} is not running`);
  }
  const { StopSignal: own } = entry.record.config;
  const ends = own === '' || number === SIGKILL || number === parseSignal(own);
  if (await endBetweenRuns(context, entry, ends)) return;
  if (number === SIGKILL) await killAndWait(context, entry);
  else send(context, entry, number);
}

/** SIGKILL, and back once the exit has been recorded. A container that waits to be restarted is stopped. */
export async function killAndWait(context: ContainersContext, entry: ContainerEntry): Promise<void> {
  if (await endRestarting(context, entry)) return;
  const ended = exitOf(entry);
  send(context, entry, SIGKILL);
  await seen(entry, ended);
}

/** Seconds within which the kernel and conmon bring a killed process's exit. */
const KILL_SECONDS = 30;

async function seen(entry: ContainerEntry, ended: Promise<void>): Promise<void> {
  if (await within(ended, KILL_SECONDS)) return;
  throw new EngineError('system', `tried to kill container ${entry.id}, but did not receive an exit event`);
}

export interface StopOptions {
  /** Seconds until SIGKILL; negative: never; undefined: the container's own setting, or 10. */
  readonly timeout: number | undefined;
  /** '' for the container's own stop signal. */
  readonly signal: string;
  /** True where the machine goes down: nobody has stopped the container, and its policy goes on counting. */
  readonly bySystem?: boolean;
}

/** @returns false if it doesn't run */
export async function stopContainer(
  context: ContainersContext,
  entry: ContainerEntry,
  options: StopOptions,
): Promise<boolean> {
  if (!isUp(entry.state)) return false;
  const { config } = entry.record;
  const signal = parseSignal(options.signal || config.StopSignal || 'SIGTERM');
  const seconds = options.timeout ?? config.StopTimeout ?? DEFAULT_STOP_SECONDS;
  if (options.bySystem === true) {
    // A restart that is under way is waited for; one that isn't is left to the next engine.
    if (entry.state.status === 'restarting') await entry.exclusively(async () => undefined);
    if (!isRunning(entry)) return false;
  } else {
    if (await endBetweenRuns(context, entry, true)) {
      publish(context, entry, 'stop');
      return true;
    }
  }
  const ended = exitOf(entry);
  await thaw(context, entry);
  send(context, entry, signal);
  if (!(await within(ended, seconds))) {
    send(context, entry, SIGKILL);
    await seen(entry, ended);
  }
  publish(context, entry, 'stop');
  return true;
}

/** Notes that somebody stops the container, and stops it if it waits between two runs. @returns true if it did */
async function endBetweenRuns(
  context: ContainersContext,
  entry: ContainerEntry,
  ends: boolean,
): Promise<boolean> {
  await noteStop(context, entry, ends);
  if (await endRestarting(context, entry)) return true;
  // A restart that was under way was a start, which takes the note back.
  await noteStop(context, entry, ends);
  return false;
}

/** Writes down, before anything ends, that somebody has stopped the container: an engine that dies now mustn't start it again. */
async function noteStop(context: ContainersContext, entry: ContainerEntry, ends: boolean): Promise<void> {
  if (ends) context.restarts.cancel(entry.id);
  if (entry.record.stoppedByUser) return;
  entry.record.stoppedByUser = true;
  if (!restartsAtAll(entry.record.hostConfig.RestartPolicy)) return;
  await entry.exclusively(async () => context.store.save(entry.record));
}

/** Stops a container between two runs. @returns false if it isn't there, or not any more */
async function endRestarting(context: ContainersContext, entry: ContainerEntry): Promise<boolean> {
  if (entry.state.status !== 'restarting') return false;
  context.restarts.cancel(entry.id);
  // Behind a start that is under way.
  return await entry.exclusively(async () => {
    const { state } = entry;
    if (state.status !== 'restarting') return state.status !== 'running';
    entry.record.state = { ...state, status: 'exited', error: '' };
    await context.store.save(entry.record);
    entry.events.emit('exit', { exitCode: state.exitCode, error: '' });
    return true;
  });
}

function send(context: ContainersContext, entry: ContainerEntry, signal: number): void {
  if (entry.state.status !== 'running') return;
  // A process that has just gone needs no signal: its exit is on the way.
  signalProcess(entry.state.process, signal);
  publish(context, entry, 'kill', { signal: String(signal) });
}

/** Asked anew: the state has changed under `await`. */
const isRunning = (entry: ContainerEntry): boolean => entry.state.status === 'running';

/** Resolves once the running container's exit has been recorded. */
async function exitOf(entry: ContainerEntry): Promise<void> {
  if (entry.state.status === 'running') await once(entry.events, 'exit');
}

/** setTimeout can't count further, in milliseconds (25 days), and fires at once if it is asked to. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** False if `work` takes longer; negative seconds wait for ever. */
async function within(work: Promise<void>, seconds: number): Promise<boolean> {
  if (seconds < 0) {
    await work;
    return true;
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(seconds * 1000, LONGEST_TIMER));
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A frozen process can't act on a signal. Somebody else who stops the container may have continued it meanwhile. */
async function thaw(context: ContainersContext, entry: ContainerEntry): Promise<void> {
  if (!isPaused(entry)) return;
  await entry.exclusively(async () => {
    if (isPaused(entry)) await setPaused(context, entry, requireRunning(entry), false);
  });
}

const isPaused = ({ state }: ContainerEntry): boolean => state.status === 'running' && state.paused;

/** @throws EngineError conflict unless it runs and isn't paused */
export async function pauseContainer(context: ContainersContext, entry: ContainerEntry): Promise<void> {
  await entry.exclusively(async () => {
    const state = requireRunning(entry);
    if (state.paused) throw conflict(`container ${entry.id} is already paused`);
    await setPaused(context, entry, state, true);
  });
}

/** @throws EngineError conflict unless it is paused */
export async function unpauseContainer(context: ContainersContext, entry: ContainerEntry): Promise<void> {
  await entry.exclusively(async () => {
    const state = requireRunning(entry);
    if (!state.paused) throw conflict(`container ${entry.id} is not paused`);
    await setPaused(context, entry, state, false);
  });
}

/** The caller holds the container. */
async function setPaused(
  context: ContainersContext,
  entry: ContainerEntry,
  state: ReturnType<typeof requireRunning>,
  paused: boolean,
): Promise<void> {
  await setFrozen(cgroupOf(context, entry.id), paused);
  entry.record.state = { ...state, paused };
  await context.store.save(entry.record);
  publish(context, entry, paused ? 'pause' : 'unpause');
}
