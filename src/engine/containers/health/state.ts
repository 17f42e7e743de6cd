import type { Check } from './config.ts';

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

/** One run of a check, as inspect shows it (HealthcheckResult). */
export interface HealthResult {
  readonly Start: string;
  readonly End: string;
  /** 0: healthy; -1: it could not be run, or took too long. */
  readonly ExitCode: number;
  readonly Output: string;
}

/** `State.Health` of an inspected container. */
export interface Health {
  readonly Status: HealthStatus;
  /** Failures since the last success. */
  readonly FailingStreak: number;
  readonly Log: readonly HealthResult[];
}

/** What moby keeps of the checks' results. */
const LOGGED = 5;

/** A container's health as it starts; what the checks of its last run said stays to be read. */
export function startingHealth(before: Health | undefined): Health {
  return { Status: 'starting', FailingStreak: 0, Log: before?.Log ?? [] };
}

/**
 * Health after a result. A failure within the start period, before the first success, counts for nothing.
 *
 * @param sinceStart milliseconds between the container's start and the check's
 */
export function healthAfter(before: Health, result: HealthResult, check: Check, sinceStart: number): Health {
  const Log = [...before.Log, result].slice(-LOGGED);
  if (result.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log };
  if (before.Status === 'starting' && sinceStart < check.startPeriod) return { ...before, Log };
  const FailingStreak = before.FailingStreak + 1;
  return { Status: FailingStreak >= check.retries ? 'unhealthy' : before.Status, FailingStreak, Log };
}
