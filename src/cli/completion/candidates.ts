import { secondNames } from '../management-commands.ts';

/** What completion knows of a command: oclif's manifest has it. */
export interface CompletableCommand {
  /** `machine:ls`. */
  readonly id: string;
  readonly hidden: boolean;
  readonly flags: Readonly<
    Record<
      string,
      { readonly type: string; readonly char?: string | undefined; readonly hidden?: boolean | undefined }
    >
  >;
}

/** What a command's arguments are names of. Not `cp` and `scp`: theirs are files, too. */
export type Named = 'machine' | 'container' | 'image' | 'volume' | 'network';

/** What may stand where the cursor is; `named` where names are looked up. */
export interface Candidates {
  readonly words: readonly string[];
  readonly named: Named | undefined;
}

const NAMED: readonly (readonly [Named, string])[] = [
  [
    'machine',
    'active autostart clone config context env inspect ip kill logs provision regenerate-certs restart rm set snapshot ssh start status stop upgrade url version',
  ],
  [
    'container',
    'attach commit diff exec export inspect kill logs pause port rename restart rm start stats stop top unpause update wait',
  ],
  ['image', 'create history push rmi run save tag'],
  ['volume', 'inspect rm'],
  ['network', 'connect disconnect inspect rm'],
];

const none: Candidates = { words: [], named: undefined };

/**
 * What may stand in place of the last of `typed`.
 *
 * @param typed the words behind `wherry`; the last one is being written, and may be empty, or stand behind `=` (PowerShell)
 */
export function candidates(typed: readonly string[], commands: readonly CompletableCommand[]): Candidates {
  const current = (typed.at(-1) ?? '').replace(/^=/, '');
  const before = typed.slice(0, -1);
  const { command, path, rest } = commandOf(before, commands);
  if (command === undefined) {
    // Words that are no command's: nothing follows.
    return rest.some((word) => !word.startsWith('-'))
      ? none
      : { ...none, words: starting(current, next(path, commands)) };
  }
  if (takesValue(rest.at(-1) ?? '', command)) return none;
  if (current.startsWith('-')) return { ...none, words: starting(current, flagsOf(command)) };
  return { ...none, named: namedBy(command.id) };
}

interface Found {
  readonly command: CompletableCommand | undefined;
  /** The command's words as far as they go: `['machine']`. */
  readonly path: readonly string[];
  readonly rest: readonly string[];
}

function commandOf(words: readonly string[], commands: readonly CompletableCommand[]): Found {
  const byId = new Map(commands.map((command) => [command.id, command]));
  const path: string[] = [];
  for (const [index, word] of words.entries()) {
    const parent = path[0] ?? '';
    const meant = path.length === 1 ? new Map(secondNames(parent)).get(word) : undefined;
    const command = byId.get(meant ?? [...path, word].join(':'));
    if (command !== undefined) return { command, path: [...path, word], rest: words.slice(index + 1) };
    if (next([...path, word], commands).length === 0) return { command, path, rest: words.slice(index) };
    path.push(word);
  }
  return { command: undefined, path, rest: [] };
}

/** The words that go on with a command's. */
function next(path: readonly string[], commands: readonly CompletableCommand[]): string[] {
  const ids = commands.filter(({ hidden }) => !hidden).map(({ id }) => id.split(':'));
  const following = ids.flatMap((id) =>
    id.length > path.length && path.every((word, index) => id[index] === word) ? [id[path.length] ?? ''] : [],
  );
  const second = path.length === 1 ? secondNames(path[0] ?? '').map(([name]) => name) : [];
  return [...new Set([...following, ...second])].sort();
}

const flagsOf = ({ flags }: CompletableCommand): string[] =>
  Object.entries(flags)
    .filter(([, { hidden }]) => hidden !== true)
    .map(([name]) => `--${name}`)
    .concat('--help')
    .sort();

function takesValue(word: string, { flags }: CompletableCommand): boolean {
  if (word.startsWith('--')) return flags[word.slice(2)]?.type === 'option';
  if (!/^-\w+$/.test(word)) return false;
  return Object.values(flags).some(({ type, char }) => type === 'option' && char === word.at(-1));
}

function namedBy(id: string): Named | undefined {
  const [first = '', second] = id.split(':');
  if (second === undefined) {
    return NAMED.find(
      ([named, ids]) => ['container', 'image'].includes(named) && ids.split(' ').includes(first),
    )?.[0];
  }
  return NAMED.find(([named, ids]) => named === first && ids.split(' ').includes(second))?.[0];
}

export const starting = (current: string, words: readonly string[]): string[] =>
  words.filter((word) => word.startsWith(current));
