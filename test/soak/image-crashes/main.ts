import { readResults, resultsPath, writeResults } from '../results.ts';
import { temporaryHome } from './home.ts';
import { createVictim } from './machine-victim.ts';
import { crashRound, type CrashRecord } from './round.ts';
import { summarize } from './summary.ts';

interface Tally {
  readonly seed: number;
  readonly points: readonly CrashRecord[];
}

/**
 * `npm run soak -- image-crashes`: goes on where the seed's last run ended, on a new machine. What a point does depends
 * on the images that the points before it have left, too. @returns the exit status
 */
export async function soakImageCrashes(options: {
  readonly seed: number;
  readonly wanted: number;
  readonly fresh: boolean;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { seed, wanted, fresh, signal } = options;
  const path = resultsPath(seed, 'image-crashes');
  let tally: Tally = readResults(path, { seed, points: [] }, fresh);
  const home = temporaryHome();
  let victim: Awaited<ReturnType<typeof createVictim>> | undefined;
  try {
    while (tally.points.length < wanted && !signal.aborted) {
      victim ??= await createVictim(home, 'image-crashes', seed);
      const record = await crashRound(victim, seed, tally.points.length);
      if (signal.aborted) break;
      tally = { ...tally, points: [...tally.points, record] };
      writeResults(path, { seed, summary: summarize(tally.points), points: tally.points });
      const { index, fault, afterMs, asked, failure } = record;
      const outcome = failure === undefined ? 'nothing lost, nothing left' : `FAILED\n${failure}`;
      console.log(
        `${String(index + 1).padStart(4)}  ${fault} after ${afterMs} ms (${asked.join('; ')}): ${outcome}`,
      );
      if (failure === undefined) continue;
      // What a failure leaves would be the next points' failures, too.
      await victim.destroy();
      victim = undefined;
    }
  } finally {
    await victim?.destroy();
    home.remove();
  }
  const { failed, points, midway } = summarize(tally.points);
  console.log(`${points} points, ${midway} of them crashes midway, ${failed} with a failure (seed ${seed})`);
  return failed === 0 && points >= wanted ? 0 : 1;
}
