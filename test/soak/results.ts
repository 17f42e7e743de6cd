import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const results = fileURLToPath(new URL('../../bench/results/', import.meta.url));

/** Where the tally of a seed is kept; without `what` it is the starts'. */
export function resultsPath(seed: number, what?: string): string {
  const name = what === undefined ? `soak-${seed}` : `soak-${what}-${seed}`;
  return join(results, `${name}.json`);
}

/** What an earlier sitting has kept, or `none` where there is nothing or it isn't wanted. */
export function readResults<T>(path: string, none: T, fresh = false): T {
  return fresh || !existsSync(path) ? none : (JSON.parse(readFileSync(path, 'utf8')) as T);
}

/** Whole or not at all: a soak that is ended while it writes goes on from what it had before. */
export function writeResults(path: string, results: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(results, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}
