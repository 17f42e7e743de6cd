import { FAULTS } from './plan.ts';
import type { CrashRecord } from './round.ts';

/** What a tally says in short: how many points, how many of them in the middle of something, and by which fault. */
export function summarize(points: readonly CrashRecord[]) {
  const midway = points.filter((point) => point.midway);
  const cutOff = midway.flatMap(({ asked }) => asked).filter((words) => !words.endsWith('acknowledged'));
  return {
    points: points.length,
    failed: points.filter(({ failure }) => failure !== undefined).length,
    midway: midway.length,
    faults: Object.fromEntries(
      FAULTS.map((fault) => [fault, points.filter((point) => point.fault === fault).length]),
    ),
    interrupted: counts(cutOff.map((words) => words.split(' ')[0] ?? '')),
  };
}

function counts(words: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const word of words) found[word] = (found[word] ?? 0) + 1;
  return found;
}
