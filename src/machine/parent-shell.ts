import type { ListedProcess } from '../platform/ancestors.ts';

/** Programs that evaluate what `machine env` prints, by the name that `--shell` has for them. */
const SHELLS: ReadonlyMap<string, string> = new Map([
  ['bash', 'bash'],
  ['zsh', 'zsh'],
  ['fish', 'fish'],
  ['tcsh', 'tcsh'],
  ['csh', 'tcsh'],
  ['powershell', 'powershell'],
  ['pwsh', 'powershell'],
  ['cmd', 'cmd'],
  ...['sh', 'dash', 'ash', 'ksh', 'ksh93', 'mksh', 'busybox'].map((name) => [name, 'sh'] as const),
]);

/**
 * The shell that `wherry` was typed in, which needn't be the one that SHELL names (that is the login shell).
 * @param ancestors what started this process, the nearest first
 */
export function parentShell(ancestors: readonly ListedProcess[]): string | undefined {
  for (const [index, { argv }] of ancestors.entries()) {
    const shell = SHELLS.get(programName(argv[0] ?? ''));
    if (shell !== undefined && !isInBetween(shell, argv, ancestors[index + 1])) return shell;
  }
  return undefined;
}

/**
 * A shell that only starts wherry for somebody else: npm's and npx's `sh -c`, and the cmd that PowerShell runs a
 * `.cmd` file with.
 */
function isInBetween(shell: string, argv: readonly string[], parent: ListedProcess | undefined): boolean {
  const above = programName(parent?.argv[0] ?? '');
  if (shell === 'cmd') {
    return argv.some((word) => word.toLowerCase() === '/c') && ['powershell', 'pwsh', 'node'].includes(above);
  }
  return argv[1] === '-c' && (above === 'node' || above.startsWith('npm') || above.startsWith('npx'));
}

/**
 * `-zsh` (a login shell), `/opt/homebrew/bin/fish`, `pwsh.exe` → `zsh`, `fish`, `pwsh`. npm's title is all of its command
 * line in one word, paths included: `npm exec wherry machine env --storage-path /x` → `npm`.
 */
function programName(path: string): string {
  const [npm] = /^np[mx](?= )/.exec(path) ?? [];
  if (npm !== undefined) return npm;
  const name = path.split(/[/\\]/).at(-1) ?? '';
  return name
    .replace(/^-/, '')
    .replace(/\.exe$/i, '')
    .toLowerCase();
}
