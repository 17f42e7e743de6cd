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
