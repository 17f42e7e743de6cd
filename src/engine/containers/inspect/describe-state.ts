import { humanDuration } from '../../../core/units.ts';
import type { ContainerRecord, ContainerState } from '../model.ts';
import { NEVER } from '../model.ts';
import { isUp } from '../registry.ts';

/** The one-word state of `docker ps --filter status=`. */
export function stateWord(state: ContainerState): string {
  return state.status === 'running' && state.paused ? 'paused' : state.status;
}

/** The STATUS column of `docker ps`. */
export function statusText(
  record: Pick<ContainerRecord, 'state' | 'health'>,
  now: number = Date.now(),
): string {
  const { state, health } = record;
  const since = (time: string): string => humanDuration((now - Date.parse(time)) / 1000);
  if (state.status === 'created') return 'Created';
  if (state.status === 'exited') return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  if (state.status === 'restarting') return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
  if (state.paused) return `Up ${since(state.startedAt)} (Paused)`;
  const word = health?.Status === 'starting' ? 'health: starting' : health?.Status;
  return `Up ${since(state.startedAt)}${word === undefined ? '' : ` (${word})`}`;
}

/** `State` of an inspected container. */
export function inspectState({ state, health }: ContainerRecord): Record<string, unknown> {
  const failure = state.status === 'created' ? state.failure : undefined;
  const ended = state.status === 'exited' || state.status === 'restarting' ? state : undefined;
  return {
    Status: stateWord(state),
    Running: isUp(state),
    Paused: state.status === 'running' && state.paused,
    Restarting: state.status === 'restarting',
    OOMKilled: (state.status === 'created' ? undefined : state.oomKilled) ?? false,
    Dead: false,
    Pid: state.status === 'running' ? state.process.pid : 0,
    ExitCode: ended?.exitCode ?? failure?.exitCode ?? 0,
    Error: state.status === 'exited' ? state.error : (failure?.error ?? ''),
    StartedAt: state.status === 'created' ? NEVER : state.startedAt,
    FinishedAt: (state.status === 'created' ? undefined : state.finishedAt) ?? NEVER,
    ...(health === undefined ? {} : { Health: health }),
  };
}
