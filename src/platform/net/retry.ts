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

const LOCAL_CODES = new Set([
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
]);

/** Whether it is this computer's file system that failed, not the network: final, and not the mirror's fault. */
export function isLocalError(error: unknown): boolean {
  const isConnection = error instanceof Error && 'syscall' in error && error.syscall === 'connect';
  return !isConnection && LOCAL_CODES.has(systemErrorCode(error) ?? '');
}

/** Whether a failure below HTTP may pass by itself. What was already explained (a WherryError) is final. */
export function isRetriableError(error: unknown): boolean {
  if (error instanceof WherryError || isLocalError(error)) return false;
  const code = systemErrorCode(error) ?? '';
  const isFinal = code === '' || /^(?:CERT_|ERR_TLS|ERR_INVALID_URL|ERR_UNSUPPORTED_PROTOCOL)/.test(code);
  return !isFinal;
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
