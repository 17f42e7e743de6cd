import { setImmediate as immediate } from 'node:timers/promises';
import { debianTools } from '../../helpers/debian-tools.ts';
import { TARGETS, fuzzRound } from './fuzz.ts';
import { readManyEntries } from './many-entries.ts';
import { mkfsTarget } from './mkfs-target.ts';

/** Programs are started for each of these rounds. */
const MKFS_EVERY = 20;
/** A round of a reader's that takes longer, in ms, is a finding: these inputs are a few kilobytes. */
const SLOW = 2000;

/** Rounds of all targets, each finding printed with what is needed to have it again. @returns the exit status */
export async function soakFuzz(options: {
  readonly seed: number;
  readonly rounds: number;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { seed, rounds, signal } = options;
  const { binDir } = await debianTools(['erofs-utils']);
  const mkfs = mkfsTarget(binDir);
  const { said, ms: took, grown: by } = readManyEntries();
  console.log(`Ten million entries: ${said}, after ${took} ms and with ${by} MiB more.`);
  const before = process.memoryUsage.rss();
  let [findings, done] = [0, 0];
  for (let round = 0; round < rounds && !signal.aborted; round++, done++) {
    for (const target of round % MKFS_EVERY === 0 ? [...TARGETS, mkfs] : TARGETS) {
      const started = performance.now();
      const finding = fuzzRound(target, seed, round);
      const ms = Math.round(performance.now() - started);
      if (finding !== undefined) console.log(JSON.stringify(finding));
      // Programs have a bound of their own: on a busy computer they take as long as it lets them.
      else if (ms > SLOW && target !== mkfs)
        console.log(`${target.name}, seed ${seed}, round ${round}: ${ms} ms`);
      else continue;
      findings++;
    }
    if (round % 100 === 0) await immediate(); // Ctrl-C is heard
  }
  const grown = Math.round((process.memoryUsage.rss() - before) / 1024 ** 2);
  console.log(
    `Seed ${seed}: ${done} rounds of ${TARGETS.length + 1} targets, ${findings} findings; memory grew by ${grown} MiB.`,
  );
  return findings === 0 && done >= rounds ? 0 : 1;
}
