import { world } from './e2e-hooks.ts';
import type { Finished } from './process.ts';

/** What our CLI and the stock docker CLI make of the same words, one after the other. */
export async function outputOf(args: readonly string[]): Promise<[Finished, Finished]> {
  return [await world().wherry(args), await world().docker(args)];
}
