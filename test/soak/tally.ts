import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StartRecord } from './harness.ts';

/** The results of one seed, kept after each start: a soak that was ended goes on from there. */
export interface Tally {
  readonly seed: number;
  readonly starts: readonly StartRecord[];
}

export function readTally(path: string, seed: number): Tally {
  if (!existsSync(path)) return { seed, starts: [] };
  return JSON.parse(readFileSync(path, 'utf8')) as Tally;
}

export function writeTally(path: string, tally: Tally): void {
  mkdirSync(dirname(path), { recursive: true });
  const summary = summarize(tally);
  writeFileSync(`${path}.new`, `${JSON.stringify({ ...tally, summary }, null, 2)}\n`);
  renameSync(`${path}.new`, path);
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
