import { chosen } from '../engine-kills/load.ts';
import type { CrashImage } from './images.ts';
import type { Ledger } from './ledger.ts';
import type { Asked, Operation } from './operations.ts';

export const FAULTS = ['kill', 'panic', 'full disk', 'full disk and kill'] as const;
export type Fault = (typeof FAULTS)[number];

/** Of twenty points, how many are of each fault: a panic costs a boot. */
const SHARES: Readonly<Record<Fault, number>> = {
  kill: 13,
  panic: 4,
  'full disk': 2,
  'full disk and kill': 1,
};

/** What is asked for first; pulls take longest, and most of what can go wrong is in them. */
const FIRST: readonly Operation[] = ['pull', 'pull', 'pull', 'pull', 'load', 'remove', 'remove', 'remove'];
const BESIDE: readonly (Operation | undefined)[] = [
  'pull',
  'load',
  'remove',
  'remove',
  'tag',
  'prune',
  undefined,
];

/** One point: what is asked for at once, and what happens when. */
export interface Plan {
  readonly fault: Fault;
  readonly asked: readonly Asked[];
  /** Of the time that the first request takes: 0 is when it is sent, 1 when it usually has its answer. */
  readonly moment: number;
  /** How many bytes a full disk has left, from the beginning. */
  readonly bytesLeft: number;
}

const MOMENTS = 10_000;
/** Layers leave a hundredth of a small disk free, 20 MB of this one: it is from there that they run out of room. */
const MOST_LEFT = 24 * 1024 * 1024;

/** The seed's choice of the fault; every twenty points in a row have the same shares. */
export function faultFor(seed: number, index: number): Fault {
  const cycle = FAULTS.flatMap((fault) => Array.from({ length: SHARES[fault] }, () => fault));
  const order = cycle
    .map((fault, at) => ({ fault, key: chosen(2 ** 32, seed, Math.floor(index / cycle.length), at) }))
    .toSorted((one, other) => one.key - other.key);
  return order[index % cycle.length]?.fault ?? 'kill';
}

/** The seed's choice among what can be done with the images that are there and those that aren't. */
export function planFor(seed: number, index: number, images: readonly CrashImage[], ledger: Ledger): Plan {
  const pick = <T>(from: readonly T[], what: string): T | undefined =>
    from[chosen(Math.max(1, from.length), seed, index, what)];
  const there = images.filter((image) => ledger.held(image) !== undefined);
  const absent = images.filter((image) => ledger.held(image) === undefined);
  const asked: Asked[] = [];
  const add = (operation: Operation | undefined, what: string): void => {
    if (operation === undefined) return;
    const needed = operation === 'pull' || operation === 'load' ? absent : there;
    const image = pick(
      needed.filter((candidate) => asked.every((other) => other.image !== candidate)),
      what,
    );
    if (image !== undefined) asked.push({ operation, image });
  };
  const wanted = pick(FIRST, 'first') ?? 'pull';
  add(wanted, 'image');
  if (asked.length === 0) add(absent.length > 0 ? 'pull' : 'remove', 'image');
  add(pick(BESIDE, 'beside'), 'other image');
  return {
    fault: faultFor(seed, index),
    asked,
    moment: chosen(MOMENTS, seed, index, 'moment') / MOMENTS,
    // Nothing at all is a case of its own: then not even a record fits.
    bytesLeft: chosen(4, seed, index, 'full') === 0 ? 0 : chosen(MOST_LEFT, seed, index, 'left'),
  };
}
