import { invalidArgument } from './invalid-argument.ts';

/** What `--engine-opt KEY=VALUE` sets of a machine's engine; undefined for the default where that was asked for. */
export interface EngineOptions {
  readonly userns?: 'auto' | undefined;
  readonly hostAccess?: false | undefined;
}

export interface ReadOptions {
  readonly options: EngineOptions;
  /** What Docker's engine may know and ours doesn't. */
  readonly ignored: readonly string[];
}

/** What each key means, by its value. A default isn't written down: engines of older images know less. */
const MEANINGS: ReadonlyMap<string, ReadonlyMap<string, EngineOptions>> = new Map([
  [
    'userns',
    new Map<string, EngineOptions>([
      ['auto', { userns: 'auto' }],
      ['host', { userns: undefined }],
    ]),
  ],
  [
    'host-access',
    new Map<string, EngineOptions>([
      ['on', { hostAccess: undefined }],
      ['off', { hostAccess: false }],
    ]),
  ],
]);

/**
 * `userns=auto|host`: whether containers get user ids of their own unless they say otherwise. `host-access=on|off`:
 * whether they may reach this computer.
 *
 * @throws WherryError for a value that makes no sense
 */
export function readEngineOptions(entries: readonly string[]): ReadOptions {
  const chosen = new Map<string, EngineOptions>();
  const ignored: string[] = [];
  for (const entry of entries) {
    const [key = '', value = ''] = entry.replace(/^--/, '').split('=', 2);
    const meanings = MEANINGS.get(key);
    if (meanings === undefined) {
      ignored.push(entry);
      continue;
    }
    const option = meanings.get(value);
    if (option === undefined) {
      throw invalidArgument(entry, '--engine-opt', `${key} must be ${[...meanings.keys()].join(' or ')}`);
    }
    chosen.set(key, option);
  }
  const options: EngineOptions = Object.assign({}, ...chosen.values());
  return { options, ignored };
}
