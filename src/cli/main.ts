import { fileURLToPath } from 'node:url';
import { existsSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Config } from '@oclif/core';
import { endOptionsAtFirstPositional, spellOutBooleans } from './end-of-options.ts';
import { systemErrorCode } from '../core/errors.ts';
import { systemPathInputs, wherryHome } from '../platform/paths.ts';
import { spellOutManagement } from './management-commands.ts';
import { requireCommand } from './known-command.ts';
import { setGlobals, splitGlobals } from './invocation.ts';

const VERSION_WORDS = new Set(['--version', '-v']);

/**
 * The CLI's entry. `--version` is answered without loading oclif: it's what shells, editors and CI call in loops.
 * @param argv the words after `wherry`
 * @param root the package's directory
 */
export async function main(argv: readonly string[], root: URL): Promise<void> {
  const words = argv[0] === 'machine' ? argv.slice(1) : argv;
  if (words.length === 1 && VERSION_WORDS.has(words[0] ?? '')) {
    process.stdout.write(`wherry version ${packageVersion(root)}\n`);
    return;
  }
  endQuietlyWithTheReader();
  const { renderError } = await import('./error-render.ts');
  let debug = false;
  try {
    const { globals, rest } = splitGlobals(argv);
    debug = globals.debug;
    setGlobals(globals);
    cacheCompiledCode(globals.storagePath);
    await runCommand(rest, fileURLToPath(root));
  } catch (error) {
    process.exitCode = renderError(error, process.stderr, debug);
  }
}

/** `wherry logs x | head -1`: when nobody reads on, a command ends without a word, as one that gets SIGPIPE does. */
function endQuietlyWithTheReader(): void {
  process.stdout.on('error', (error) => {
    if (systemErrorCode(error) !== 'EPIPE') throw error;
    process.exit(128 + constants.signals.SIGPIPE);
  });
}

function packageVersion(root: URL): string {
  const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
  return manifest.version;
}

/**
 * Node keeps compiled code in Wherry's own directory, which nobody else can write to (its default is a shared temporary
 * directory). Only where that directory exists already: making it, owner-only, is the store's business.
 */
function cacheCompiledCode(storagePath: string | undefined): void {
  const home = wherryHome(systemPathInputs(), storagePath);
  if (existsSync(home)) enableCompileCache(join(home, 'cache', 'code'));
}

async function runCommand(argv: string[], root: string): Promise<void> {
  const [{ Config, run }, { interruptOnSignals }] = await Promise.all([
    import('@oclif/core'),
    import('./signals.ts'),
  ]);
  interruptOnSignals();
  const config = await Config.load({
    root,
    ...(isSource() ? { ignoreManifest: true, pjson: sourcePackage(root) } : {}),
  });
  const words = spellOutManagement(argv);
  requireCommand(words, config);
  await run(words.length === 0 ? ['--help'] : endOptions(withHelpFlag(words), config), config);
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
  const takesShort = argv[0] === 'machine' && argv[1] !== 'ssh';
  return argv.map((word, at) => (word === '-h' && (takesShort || at === 0) ? '--help' : word));
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
    commands: { strategy: 'pattern', target: './src/cli/commands' },
  };
  return { ...read('package.json'), oclif } as never;
}
