import { chosen } from '../engine-kills/load.ts';

/** What happens to a command, or to the machine under it. */
export const FAULTS = [
  'nothing',
  'Ctrl-C',
  'kill -9 of the command',
  'kill -9 of QEMU',
  'kill -9 of the agent',
  'the same command twice',
] as const;
export type Fault = (typeof FAULTS)[number];

/** How a machine that runs comes down. */
export const DOWNS = [
  'stop',
  'kill',
  'kill -9 of QEMU',
  'kill -9 of the agent',
  'kill -9 of both',
  'restart',
] as const;
export type Down = (typeof DOWNS)[number];

/** A fault, and when: a part of the time that the command takes undisturbed. */
export interface Blow {
  readonly fault: Fault;
  readonly at: number;
}

/** A machine's whole life. */
export interface Plan {
  readonly create: Blow;
  readonly down: Down;
  readonly start: Blow;
  readonly rm: Blow;
}

const MOMENTS = 1000;

/** The seed's choice; the same for the same two numbers, so that a soak can go on where it was. */
export function planFor(seed: number, index: number): Plan {
  const pick = <T>(from: readonly T[], what: string): T =>
    from[chosen(from.length, seed, index, what)] ?? (from[0] as T);
  const blow = (verb: string): Blow => ({
    fault: pick(FAULTS, verb),
    // A little past its usual end, too: what is over must not be hurt.
    at: (1.1 * chosen(MOMENTS, seed, index, verb, 'moment')) / MOMENTS,
  });
  return { create: blow('create'), down: pick(DOWNS, 'down'), start: blow('start'), rm: blow('rm') };
}
