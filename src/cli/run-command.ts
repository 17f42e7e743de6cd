import { readFileSync } from 'node:fs';
import { Config, run } from '@oclif/core';
import { bundledCommands } from './bundled-commands.ts';
import { endOptionsAtFirstPositional, spellOutBooleans } from './end-of-options.ts';
import { renderError } from './error-render.ts';
import { setGlobals, splitGlobals } from './invocation.ts';
import { requireCommand } from './known-command.ts';
import { spellOutManagement } from './management-commands.ts';
import { interruptOnSignals } from './signals.ts';

export { default as WherryHelp } from './help.ts';

/**
 * Runs what the words say, and renders what goes wrong.
 * @param argv the words after `wherry`, global flags and all
 * @param root the package's directory
 */
export async function runCommandLine(argv: readonly string[], root: string): Promise<void> {
  let debug = false;
  try {
    const { globals, rest } = splitGlobals(argv);
    debug = globals.debug;
    setGlobals(globals);
    await runCommand(rest, root);
  } catch (error) {
    process.exitCode = renderError(error, process.stderr, debug);
  }
}

async function runCommand(argv: string[], root: string): Promise<void> {
  interruptOnSignals();
  const config = await Config.load({
    root,
    ...(isSource() ? { ignoreManifest: true, pjson: sourcePackage(root) } : {}),
  });
  loadFromBundle(config);
  const words = spellOutManagement(argv);
  requireCommand(words, config);
  await run(words.length === 0 ? ['--help'] : endOptions(withHelpFlag(words), config), config);
}

/** oclif would look for the commands' files. What it makes of one that it has found is said here, too. */
function loadFromBundle(config: Config): void {
  for (const command of config.commands) {
    const load = bundledCommands[command.id];
    if (load === undefined) continue;
    const plugin = config.plugins.get(command.pluginName ?? '');
    command.load = async () => Object.assign((await load()).default, { id: command.id, plugin });
  }
}

/** Before oclif looks for `--help` among all words: docker's ways to end options and to write boolean ones. */
function endOptions(argv: string[], config: Config): string[] {
  for (const words of [2, 1]) {
    const id = argv.slice(0, words).join(':');
    const command = argv.length >= words ? config.findCommand(id) : undefined;
    if (command === undefined) continue;
    const rest = argv.slice(words);
    if (command['takesAllWords'] === true) return [...argv.slice(0, words), '--', ...rest];
    const arranged =
      command['optionsEndAtFirstPositional'] === true
        ? endOptionsAtFirstPositional(rest, command.flags)
        : spellOutBooleans(rest, command.flags);
    return [...argv.slice(0, words), ...arranged];
  }
  return argv;
}

/** docker-machine's verbs take `-h` for help; docker's don't (`run -h` is the host name). */
function withHelpFlag(argv: readonly string[]): string[] {
  const [first, verb] = argv;
  // Behind a machine's name it is the program's that runs there.
  const meansHelp = (at: number): boolean =>
    at === 0 || (first === 'machine' && (verb !== 'ssh' || at === 2));
  return argv.map((word, at) => (word === '-h' && meansHelp(at) ? '--help' : word));
}

/** Whether this is src/ (bin/dev.js) and not dist/: oclif must then look for commands among the sources. */
function isSource(): boolean {
  return import.meta.url.endsWith('.ts');
}

function sourcePackage(root: string) {
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(`${root}/${name}`, 'utf8')) as Record<string, unknown>;
  const oclif = {
    ...read('.oclifrc.json'),
    helpClass: './src/cli/help',
  };
  return { ...read('package.json'), oclif } as never;
}
