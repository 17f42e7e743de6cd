import { invalidArgument } from './invalid-argument.ts';

/** What `machine create --engine-opt KEY=VALUE` sets of the machine's engine. */
export interface EngineOptions {
  readonly userns?: 'auto';
}

export interface ReadOptions {
  readonly options: EngineOptions;
  /** What Docker's engine may know and ours doesn't. */
  readonly ignored: readonly string[];
}

/**
 * `userns=auto|host`: whether containers get user ids of their own unless they say otherwise.
 *
 * @throws WherryError for a value that makes no sense
 */
export function readEngineOptions(entries: readonly string[]): ReadOptions {
  let options: EngineOptions = {};
  const ignored: string[] = [];
  for (const entry of entries) {
    const [key, value] = entry.replace(/^--/, '').split('=', 2);
    if (key !== 'userns') ignored.push(entry);
    else if (value === 'auto') options = { userns: 'auto' };
    else if (value === 'host') options = {};
    else throw invalidArgument(entry, '--engine-opt', 'userns must be auto or host');
  }
  return { options, ignored };
}
