import { setTimeout as delay } from 'node:timers/promises';
import { RegistryAnswer, RegistryTransportError, RegistryUnreachable } from './errors.ts';

export interface RetryPolicy {
  readonly attempts: number;
  readonly baseMs: number;
  /** A server that wants us to wait longer than this is taken at its word at once: the error is shown. */
  readonly maxWaitMs: number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const RETRY: RetryPolicy = {
  attempts: 5,
  baseMs: 500,
  maxWaitMs: 30_000,
  sleep: async (ms, signal) => await delay(ms, undefined, { signal }),
};

const TRANSIENT_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);

export function isTransient(error: unknown): boolean {
  if (error instanceof RegistryAnswer) return TRANSIENT_STATUS.has(error.status);
  if (error instanceof RegistryTransportError) return error.passing;
  return error instanceof RegistryUnreachable;
}

/** How long to wait before attempt `failures + 1`: what the server says, or exponential; with jitter. */
export function waitBefore(error: unknown, failures: number, policy: RetryPolicy): number | undefined {
  if (!isTransient(error) || failures >= policy.attempts) return undefined;
  if (error instanceof RegistryAnswer && error.retryAfterMs !== undefined) {
    if (error.retryAfterMs > policy.maxWaitMs) return undefined;
    // A little later than that: the layers that wait for the same moment needn't come together again.
    return error.retryAfterMs + Math.round(Math.random() * policy.baseMs);
  }
  // A quota that is used up comes back in hours.
  if (error instanceof RegistryAnswer && error.rateLimit?.remaining === 0) return undefined;
  return policy.baseMs * 2 ** (failures - 1) * (0.5 + Math.random() / 2);
}

/** Repeats what fails for a passing reason. A registry that can't be reached at all is not waited for. */
export async function withRetry<T>(
  policy: RetryPolicy,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof RegistryUnreachable) throw error;
      const wait = waitBefore(error, failures, policy);
      if (wait === undefined) throw error;
      await policy.sleep(wait, signal);
    }
  }
}
