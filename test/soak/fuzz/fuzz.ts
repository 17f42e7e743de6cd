import { Random } from './random.ts';
import type { Target } from './target.ts';
import { tarTarget } from './tar-target.ts';
import { TEXT_TARGETS } from './text-targets.ts';

export const TARGETS: readonly Target[] = [tarTarget, ...TEXT_TARGETS];

export interface Finding {
  readonly target: string;
  /** The same target, seed and round make the same input. */
  readonly seed: number;
  readonly round: number;
  readonly what: string;
  /** The input, base64. */
  readonly input: string;
}

/** What a round's own numbers come from: a round can be had again without those before it. */
const randomOf = (seed: number, round: number): Random =>
  new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(round, 0x85ebca6b));

/** One input of a target, made and checked. @returns what is wrong */
export function fuzzRound(target: Target, seed: number, round: number): Finding | undefined {
  const random = randomOf(seed, round);
  const input = target.make(random);
  const found = (what: string): Finding => ({
    target: target.name,
    seed,
    round,
    what,
    input: input.toString('base64'),
  });
  try {
    const what = target.check(input, random);
    return what === undefined ? undefined : found(what);
  } catch (error) {
    return found(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
