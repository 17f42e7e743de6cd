import { startInParallel, type ParallelResult } from './parallel.ts';
import { readResults, writeResults } from '../results.ts';
import type { Tally } from './tally.ts';
import { kindFor, settled, startSleeper, warmUp, work, type Subject } from './work.ts';
import { messageOf } from '../../../src/core/errors.ts';

export interface SoakOptions {
  readonly seed: number;
  /** How many pieces of work there are to be, those of earlier sittings included. */
  readonly count: number;
  /** How many containers to start at once at the end; 0 for none. */
  readonly parallel: number;
  /** Where the tally is kept; undefined: nowhere. */
  readonly tally: string | undefined;
  /** How much larger than at the beginning the engine may be, KiB; undefined: what a short soak can tell. */
  readonly engineSlackKiB?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly say?: ((line: string) => void) | undefined;
}

const SAVE_EVERY = 100;

/**
 * Containers one after another, with execs among them, in the seed's order, and then what the engine, and its machine,
 * hold against what they held before.
 */
export async function soakContainers(subject: Subject, options: SoakOptions): Promise<Tally> {
  const { seed, say = () => undefined } = options;
  const none: Tally = { seed, done: 0, failures: [], sittings: [] };
  let tally = options.tally === undefined ? none : readResults(options.tally, none);
  const save = (next: Tally): void => {
    tally = next;
    if (options.tally !== undefined) writeResults(options.tally, tally);
  };
  const sleeper = await startSleeper(subject);
  try {
    await warmUp(subject, sleeper);
    const before = await subject.held();
    const from = tally.done;
    const started = performance.now();
    const sit = async (): Promise<void> => {
      const { held: after, leaks } = await settled(subject, before, options.engineSlackKiB);
      const seconds = Math.round((performance.now() - started) / 1000);
      const sitting = { from, to: tally.done, seconds, before, after, leaks };
      const others = tally.sittings.filter((other) => other.from !== from);
      save({ ...tally, sittings: [...others, sitting] });
      say(`${tally.done} of ${options.count}, ${seconds} s: ${leaks === '' ? 'nothing left behind' : leaks}`);
    };
    while (tally.done < options.count && options.signal?.aborted !== true) {
      const index = tally.done;
      let { failures } = tally;
      try {
        await work(subject, sleeper, seed, index);
      } catch (error) {
        const failure = { index, kind: kindFor(seed, index), message: messageOf(error) };
        failures = [...failures, failure];
        say(`${index} ${failure.kind}: ${failure.message}`);
      }
      tally = { ...tally, done: index + 1, failures };
      if (tally.done % SAVE_EVERY === 0) await sit();
    }
    await sit();
    if (options.parallel > 0 && options.signal?.aborted !== true) {
      save({ ...tally, parallel: await startInParallel(subject, options.parallel) });
      const { leaks } = await settled(subject, before, options.engineSlackKiB);
      say(describeParallel(tally.parallel, options.parallel, leaks));
      if (leaks !== '')
        throw new Error(`containers that ran side by side have left something behind: ${leaks}`);
    }
  } finally {
    await subject.client.call('DELETE', `/containers/${sleeper}?force=1`);
  }
  return tally;
}

function describeParallel(result: ParallelResult | undefined, wanted: number, leaks: string): string {
  if (result === undefined) return '';
  const { running, ms, engineKiBEach, failures } = result;
  return [
    `${running} of ${wanted} containers started at once run after ${ms} ms; ${engineKiBEach} KiB of the engine each`,
    ...failures,
    ...(leaks === '' ? [] : [leaks]),
  ].join('\n');
}
