import type { IncomingHttpHeaders } from 'node:http';

/** How often one may pull, and how often still (Docker Hub's "Docker Hub usage and limits"). */
export interface RateLimit {
  readonly limit: number;
  readonly remaining: number;
  /** The time that the limit is for, in seconds. */
  readonly windowS: number | undefined;
}

/** Reads `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600`; undefined where one of them is missing. */
export function readRateLimit(headers: IncomingHttpHeaders): RateLimit | undefined {
  const limit = quantity(headers['ratelimit-limit']);
  const remaining = quantity(headers['ratelimit-remaining']);
  if (limit === undefined || remaining === undefined) return undefined;
  return {
    limit: limit.count,
    remaining: remaining.count,
    windowS: limit.windowS ?? remaining.windowS,
  };
}

function quantity(header: string | readonly string[] | undefined) {
  const match = /^\s*(\d{1,15})\s*(?:;.*?\bw=(\d{1,10}))?/.exec(String(header ?? ''));
  if (match?.[1] === undefined) return undefined;
  return { count: Number(match[1]), windowS: match[2] === undefined ? undefined : Number(match[2]) };
}

/** `0 of 100 pulls are left within 6 hours`. */
export function describeRateLimit({ limit, remaining, windowS }: RateLimit): string {
  const within = windowS === undefined ? '' : ` within ${describeSeconds(windowS)}`;
  return `${remaining} of ${limit} pulls are left${within}`;
}

/** `45 seconds`, `12 minutes`, `6 hours`: rounded up. */
export function describeSeconds(seconds: number): string {
  const [value, unit] =
    seconds < 100
      ? [seconds, 'second']
      : seconds < 6000
        ? [seconds / 60, 'minute']
        : [seconds / 3600, 'hour'];
  const whole = Math.ceil(value);
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}
