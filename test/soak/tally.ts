import type { StartRecord } from './harness.ts';

/** The results of one seed, kept after each start: a soak that was ended goes on from there. */
export interface Tally {
  readonly seed: number;
  readonly starts: readonly StartRecord[];
}

export interface Summary {
  readonly succeeded: number;
  readonly failed: number;
  readonly medianMs: number;
  readonly slowestMs: number;
}

export function summarize({ starts }: Tally): Summary {
  const times = starts
    .filter(({ failure }) => failure === undefined)
    .map(({ ms }) => ms)
    .toSorted((a, b) => a - b);
  return {
    succeeded: times.length,
    failed: starts.length - times.length,
    medianMs: times[Math.floor(times.length / 2)] ?? 0,
    slowestMs: times.at(-1) ?? 0,
  };
}
