import type { MachineConfig } from '../../../src/machine/store/machine-config.ts';

/**
 * What a machine of a case is like before the command runs: one of the fake driver's in a state; `mute` runs but its
 * engine never answers, `silent` runs and nothing listens, `sick` is one whose driver says that it is broken, `broken`
 * has a machine.json that can't be read, `starting` and `stopping` are being worked on.
 */
export type Given =
  | 'running'
  | 'paused'
  | 'stopped'
  | 'mute'
  | 'silent'
  | 'sick'
  | 'broken'
  | 'starting'
  | 'stopping'
  | (Partial<MachineConfig> & { readonly state?: 'running' | 'stopped' });

/** One line of the grammar: what is typed, in which world, and everything that comes of it. */
export interface MachineCase {
  /** What stands behind `wherry machine`; single quotes hold blanks together. A whole line begins with `wherry`. */
  readonly line: string;
  /** The machines there are, by name. */
  readonly given?: Readonly<Record<string, Given>>;
  readonly env?: Readonly<Record<string, string>>;
  /** What is typed at questions. */
  readonly input?: string;
  /** 0 where left out. */
  readonly status?: number;
  /** Exact text, or what must match; in both, the home directory is called HOME. Nothing, where left out with an error. */
  readonly out?: string | RegExp;
  readonly err?: string | RegExp;
  /** The machines and their states afterwards: `'a Running, b Stopped'`. */
  readonly after?: string;
}

/** Splits a case's line as a shell would: blanks, single quotes. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ''));
}
