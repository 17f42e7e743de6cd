import { humanDuration } from '../../core/units.ts';
import type { ContainerState } from './model.ts';
import { NEVER } from './model.ts';

/** The one-word state of `docker ps --filter status=`. */
export function stateWord(state: ContainerState): string {
  return state.status === 'running' && state.paused ? 'paused' : state.status;
}

/** The STATUS column of `docker ps`. */
export function statusText(state: ContainerState, now: number = Date.now()): string {
  const since = (time: string): string => humanDuration((now - Date.parse(time)) / 1000);
  if (state.status === 'created') return 'Created';
  if (state.status === 'exited') return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  return `Up ${since(state.startedAt)}${state.paused ? ' (Paused)' : ''}`;
}

/** `State` of an inspected container. */
export function inspectState(state: ContainerState): Record<string, unknown> {
  const failure = state.status === 'created' ? state.failure : undefined;
  return {
    Status: stateWord(state),
    Running: state.status === 'running',
    Paused: state.status === 'running' && state.paused,
    Restarting: false,
    OOMKilled: state.status === 'exited' && state.oomKilled,
    Dead: false,
    Pid: state.status === 'running' ? state.process.pid : 0,
    ExitCode: state.status === 'exited' ? state.exitCode : (failure?.exitCode ?? 0),
    Error: state.status === 'exited' ? state.error : (failure?.error ?? ''),
    StartedAt: state.status === 'created' ? NEVER : state.startedAt,
    FinishedAt: state.status === 'exited' ? state.finishedAt : NEVER,
  };
}
