import { fileURLToPath } from 'node:url';
import { existsSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import { systemErrorCode } from '../core/errors.ts';
import { systemPathInputs, wherryHome } from '../platform/paths.ts';
import { scanGlobals } from './invocation.ts';

const VERSION_WORDS = new Set(['--version', '-v']);

/**
 * The CLI's entry. `--version` is answered here: it's what shells, editors and CI call in loops. The rest is another file of
 * the build, loaded when V8's code of it has a place to be kept.
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
  cacheCompiledCode(scanGlobals(argv).globals.storagePath);
  const { runCommandLine } = await import('./run-command.ts');
  await runCommandLine(argv, fileURLToPath(root));
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
