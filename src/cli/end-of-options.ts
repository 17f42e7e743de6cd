/** What the splitter must know of a flag. */
export interface FlagShape {
  readonly type: 'boolean' | 'option';
  readonly char?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly charAliases?: readonly string[] | undefined;
  readonly allowNo?: boolean | undefined;
}

/**
 * Docker's commands end their options at the first positional argument (`run busybox ls -t`: the `-t` is ls's); oclif
 * goes on parsing. This puts `--` before the first positional, and gives boolean flags docker's `--rm=true|false`.
 *
 * @param flags the command's flags by name
 * @returns argv for oclif's parser; unknown flags are left for it to name
 */
export function endOptionsAtFirstPositional(
  argv: readonly string[],
  flags: Readonly<Record<string, FlagShape>>,
): string[] {
  const byChar = new Map(
    Object.values(flags).flatMap((flag) =>
      [flag.char ?? [], flag.charAliases ?? []].flat().map((char) => [char, flag] as const),
    ),
  );
  const byName = new Map(
    Object.entries(flags).flatMap(([name, flag]) =>
      [name, ...(flag.aliases ?? [])].map((long) => [long, flag] as const),
    ),
  );
  const options: string[] = [];
  let position = 0;
  while (position < argv.length) {
    const word = argv[position] ?? '';
    if (word === '--') return [...options, '--', ...argv.slice(position + 1)];
    if (word === '-' || !word.startsWith('-')) return [...options, '--', ...argv.slice(position)];
    position += 1;
    const takesNext = word.startsWith('--')
      ? longOption(word, byName, options)
      : shortOptions(word, byChar, options);
    const next = argv[position];
    if (takesNext && next !== undefined) {
      options.push(next);
      position += 1;
    }
  }
  return options;
}

/** docker's `--flag=true|false`, where options may stand behind positional arguments. */
export function spellOutBooleans(
  argv: readonly string[],
  flags: Readonly<Record<string, FlagShape>>,
): string[] {
  const end = argv.indexOf('--');
  const options = end === -1 ? argv : argv.slice(0, end);
  const spelled = options.flatMap((word) => {
    const name = /^--([^=]+)=/.exec(word)?.[1];
    if (name === undefined || flags[name]?.type !== 'boolean') return [word];
    const words: string[] = [];
    longOption(word, new Map(Object.entries(flags)), words);
    return words;
  });
  return [...spelled, ...argv.slice(options.length)];
}

function longOption(word: string, flags: ReadonlyMap<string, FlagShape>, options: string[]): boolean {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals === -1 ? undefined : equals);
  const flag = flags.get(name);
  if (flag?.type === 'boolean' && equals !== -1) {
    const value = word.slice(equals + 1).toLowerCase();
    if (['true', '1', 't'].includes(value)) options.push(`--${name}`);
    else if (!['false', '0', 'f'].includes(value)) options.push(word);
    else if (flag.allowNo === true) options.push(`--no-${name}`);
    return false;
  }
  options.push(word);
  return flag?.type === 'option' && equals === -1;
}

/** `-it`, `-e A=1`, `-eA=1`, `-itw /tmp`: a value flag takes the rest of its word, or the next word. */
function shortOptions(word: string, byChar: ReadonlyMap<string, FlagShape>, options: string[]): boolean {
  options.push(word);
  for (let at = 1; at < word.length; at += 1) {
    const flag = byChar.get(word[at] ?? '');
    if (flag?.type === 'option') return at === word.length - 1;
  }
  return false;
}
