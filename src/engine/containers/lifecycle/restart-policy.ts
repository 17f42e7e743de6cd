import type { RestartPolicy } from '../../../protocol/docker/container-config.ts';
import { invalid } from '../../errors.ts';

/** moby's waits between restarts (restartmanager): the first, the longest, and the run that starts them over. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
const LONG_ENOUGH_MS = 10_000;

const NAMES = ['no', 'always', 'on-failure', 'unless-stopped'];

/** A policy with its name in full. @throws EngineError invalidParameter in moby's words */
export function checkRestartPolicy(policy: RestartPolicy, autoRemove: boolean): RestartPolicy {
  const { Name: name, MaximumRetryCount: retries } = policy;
  if (name !== '' && !NAMES.includes(name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (name === 'on-failure') {
    if (retries < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
  } else if (retries !== 0) {
    throw invalid(
      `invalid restart policy: maximum retry count can only be used with 'on-failure'${retries < 0 ? ' and cannot be negative' : ''}`,
    );
  }
  const checked = { Name: name === '' ? 'no' : name, MaximumRetryCount: retries };
  if (autoRemove && restartsAtAll(checked)) {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  return checked;
}

export const restartsAtAll = (policy: RestartPolicy): boolean => !['', 'no'].includes(policy.Name);

export interface Ending {
  readonly exitCode: number;
  /** Restarts since somebody started the container. */
  readonly restartCount: number;
  /** Somebody stopped it. */
  readonly byUser: boolean;
}

/** Whether a policy wants a container that has ended to run again (moby, restartmanager ShouldRestart). */
export function wantsRestart(policy: RestartPolicy, { exitCode, restartCount, byUser }: Ending): boolean {
  switch (policy.Name) {
    case 'always':
      return true;
    case 'unless-stopped':
      return !byUser;
    case 'on-failure':
      return exitCode !== 0 && (policy.MaximumRetryCount === 0 || restartCount < policy.MaximumRetryCount);
    default:
      return false;
  }
}

/** Milliseconds until the next restart, after the ones before it, for a process that ran `ranMs`. */
export function nextDelay(previousMs: number, ranMs: number): number {
  if (previousMs === 0 || ranMs >= LONG_ENOUGH_MS) return FIRST_DELAY_MS;
  return Math.min(previousMs * 2, LONGEST_DELAY_MS);
}
