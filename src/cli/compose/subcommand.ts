/** compose's global flags that take a value (docker compose --help). */
const TAKES_VALUE = new Set([
  '-f',
  '--file',
  '-p',
  '--project-name',
  '--project-directory',
  '--profile',
  '--env-file',
  '--ansi',
  '--progress',
  '--parallel',
]);

/** Subcommands that ask no engine. */
const NEEDS_NO_ENGINE = new Set(['version', 'help', 'config', 'convert', 'completion']);

/** compose's subcommand among its words; undefined where there is none. */
export function composeSubcommand(words: readonly string[]): string | undefined {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!word.startsWith('-')) return word;
    if (TAKES_VALUE.has(word)) at += 1;
  }
  return undefined;
}

/** Whether these words want a running machine: help and what only reads files don't. */
export function needsEngine(words: readonly string[]): boolean {
  const subcommand = composeSubcommand(words);
  return subcommand !== undefined && !NEEDS_NO_ENGINE.has(subcommand) && !words.includes('--help');
}

/** Subcommands that are no use without a machine, as `run` is: they make one where there is none. */
const STARTS_MACHINE = new Set(['up', 'run', 'create', 'start', 'build', 'pull', 'watch']);

export function startsMachine(words: readonly string[]): boolean {
  return needsEngine(words) && STARTS_MACHINE.has(composeSubcommand(words) ?? '');
}
