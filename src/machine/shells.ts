import { WherryError } from '../core/errors.ts';
import type { ListedProcess } from '../platform/ancestors.ts';
import { parentShell } from './parent-shell.ts';

interface Shell {
  readonly set: (name: string, value: string) => string;
  readonly unset: (name: string) => string;
  readonly comment: string;
  /** How this shell evaluates a command's output. */
  readonly evaluate: (command: string) => string;
}

const posix: Shell = {
  set: (name, value) => `export ${name}="${value.replaceAll(/["\\$`]/g, String.raw`\$&`)}"`,
  unset: (name) => `unset ${name}`,
  comment: '#',
  evaluate: (command) => `eval $(${command})`,
};

/** What `machine env` prints for each shell (docker-machine 0.16.2, commands/env.go). */
const SHELLS: Readonly<Record<string, Shell>> = {
  bash: posix,
  sh: posix,
  zsh: posix,
  fish: {
    set: (name, value) => `set -gx ${name} "${value.replaceAll(/["\\$]/g, String.raw`\$&`)}";`,
    unset: (name) => `set -e ${name};`,
    comment: '#',
    evaluate: (command) => `${command} | source`,
  },
  powershell: {
    set: (name, value) => `$Env:${name} = "${value.replaceAll(/["$`]/g, '`$&')}"`,
    unset: (name) => String.raw`Remove-Item Env:\\${name}`,
    comment: '#',
    evaluate: (command) => `& ${command} | Invoke-Expression`,
  },
  cmd: {
    set: (name, value) => `SET ${name}=${value}`,
    unset: (name) => `SET ${name}=`,
    comment: 'REM',
    evaluate: (command) => `\t@FOR /f "tokens=*" %i IN ('${command}') DO @%i`,
  },
  tcsh: {
    set: (name, value) => `setenv ${name} "${value}";`,
    unset: (name) => `unsetenv ${name};`,
    comment: ':',
    evaluate: (command) => `eval \`${command}\``,
  },
  emacs: {
    set: (name, value) => `(setenv "${name}" "${value.replaceAll(/["\\]/g, String.raw`\$&`)}")`,
    unset: (name) => `(setenv "${name}" nil)`,
    comment: ';;',
    evaluate: (command) => `(with-temp-buffer (shell-command "${command}" (current-buffer)) (eval-buffer))`,
  },
};

export interface ShellScript {
  readonly shell: string;
  readonly set: ReadonlyArray<readonly [name: string, value: string]>;
  readonly unset: readonly string[];
  /** The command to put into the hint: `wherry machine env default`. */
  readonly command: string;
}

/** The lines of `machine env`, with the hint how to run them. An unknown shell is taken for a POSIX one. */
export function renderShellScript(script: ShellScript): string {
  const shell = SHELLS[script.shell] ?? posix;
  const lines = [
    ...script.set.map(([name, value]) => shell.set(name, value)),
    ...script.unset.map((name) => shell.unset(name)),
    `${shell.comment} Run this command to configure your shell: `,
    `${shell.comment} ${shell.evaluate(script.command)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * The shell that the command was typed in: the nearest one among what started this process, else the user's login
 * shell (SHELL), else what only PowerShell sets on Windows. Error: `UNKNOWN_SHELL`.
 */
export function detectShell(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  parents: readonly ListedProcess[],
): string {
  const parent = parentShell(parents);
  if (parent !== undefined) return parent;
  const path = env['SHELL'];
  if (path !== undefined && path !== '') {
    return (path.split(/[/\\]/).at(-1) ?? path).replace(/\.exe$/, '');
  }
  if (platform === 'win32') return env['PSModulePath'] === undefined ? 'cmd' : 'powershell';
  throw new WherryError({
    bare: true,
    code: 'UNKNOWN_SHELL',
    message: 'Error: Unknown shell: SHELL is not set',
    hint: 'Name it with --shell bash|fish|powershell|cmd|tcsh|emacs',
  });
}
