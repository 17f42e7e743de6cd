import { setTimeout as delay } from 'node:timers/promises';
import { systemErrorCode, WherryError } from '../../core/errors.ts';

/** How often a request is tried again, and how the pauses between are made (milliseconds, injected by tests). */
export interface RetryPolicy {
  attempts: number;
  pause: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  random: () => number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 4,
  pause: async (milliseconds, signal) => {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
  },
  random: Math.random,
};

const BASE_MS = 300;
const LONGEST_MS = 10_000;

/** Statuses that say "later", not "no" (RFC 9110 §15.6, RFC 6585 §4). */
export function isRetriableStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** Local failures are final, whatever the network does. */
const FINAL_CODES = new Set([
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EPERM',
  'EROFS',
  'ERR_INVALID_URL',
  'ERR_UNSUPPORTED_PROTOCOL',
]);

/** Whether a failure below HTTP may pass by itself. What was already explained (a WherryError) is final. */
export function isRetriableError(error: unknown): boolean {
  if (error instanceof WherryError) return false;
  const code = systemErrorCode(error);
  return (
    code !== undefined && !FINAL_CODES.has(code) && !code.startsWith('CERT_') && !code.startsWith('ERR_TLS')
  );
}

/** Waits before attempt `attempt` (1-based, the one that just failed): exponential, full jitter, or what Retry-After asked. */
export async function pauseBefore(
  policy: RetryPolicy,
  attempt: number,
  retryAfter: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const asked = retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : 0;
  const backoff = BASE_MS * 2 ** (attempt - 1) * (0.5 + policy.random());
  await policy.pause(Math.min(LONGEST_MS, Math.max(asked, backoff)), signal);
}
