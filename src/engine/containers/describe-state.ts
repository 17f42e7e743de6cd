import type { ContainerState } from './model.ts';
import { NEVER } from './model.ts';

/** Words for a duration, as docker/go-units HumanDuration has them. */
export function humanDuration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.round(seconds / 3600);
  if (seconds < 1) return 'Less than a second';
  if (seconds < 2) return '1 second';
  if (seconds < 60) return `${Math.floor(seconds)} seconds`;
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(seconds / 3600 / 24 / 365)} years`;
}

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
