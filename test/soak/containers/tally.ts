import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Held } from './held.ts';
import type { ParallelResult } from './parallel.ts';

/** One sitting: from a machine's creation to the soak's end or its interruption. */
export interface Sitting {
  readonly from: number;
  /** How many pieces of work were done; the next sitting goes on there. */
  readonly to: number;
  readonly seconds: number;
  readonly before: Held;
  readonly after: Held;
  /** What there was more of than before; '' for nothing. */
  readonly leaks: string;
}

/** The results of one seed, kept so that a soak that was ended goes on from there. */
export interface Tally {
  readonly seed: number;
  readonly done: number;
  readonly failures: readonly { readonly index: number; readonly kind: string; readonly message: string }[];
  readonly sittings: readonly Sitting[];
  readonly parallel?: ParallelResult | undefined;
}

export function readTally(path: string, seed: number): Tally {
  if (!existsSync(path)) return { seed, done: 0, failures: [], sittings: [] };
  return JSON.parse(readFileSync(path, 'utf8')) as Tally;
}

export function writeTally(path: string, tally: Tally): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(tally, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}
