import { FAULTS } from './plan.ts';
import type { CrashRecord } from './round.ts';

/**
 * What a tally says in short: how many points, how many of them in the middle of something, and by which fault; which
 * requests a crash cut off, and which the engine refused.
 */
export function summarize(points: readonly CrashRecord[]) {
  const midway = points.filter((point) => point.midway && point.fault !== 'full disk'); // older tallies have those, too
  const asked = points.flatMap((point) => point.asked);
  return {
    points: points.length,
    failed: points.filter(({ failure }) => failure !== undefined).length,
    midway: midway.length,
    faults: Object.fromEntries(
      FAULTS.map((fault) => [fault, points.filter((point) => point.fault === fault).length]),
    ),
    interrupted: counts(asked.filter((words) => /: (?:cut off|no answer)$/.test(words))),
    refused: counts(asked.filter((words) => words.includes(': refused'))),
  };
}

/** By the operation, which is the first word. */
function counts(asked: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const words of asked) {
    const operation = words.split(' ', 1)[0] ?? '';
    found[operation] = (found[operation] ?? 0) + 1;
  }
  return found;
}
