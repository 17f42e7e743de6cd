import type { MachineCase } from '../../../helpers/cli/machine-case.ts';
import { extra, NO_DEFAULT, notRunning, unknown } from './messages.ts';

const one = { default: 'running' } as const;
const host = 'unix://HOME/machines/default/docker.sock';
const HINT = 'Run this command to configure your shell: ';

interface Form {
  readonly set: (name: string, value: string) => string;
  readonly unset: (name: string) => string;
  /** How a comment begins. */
  readonly comment: string;
  readonly evaluate: (command: string) => string;
}

const posix: Form = {
  set: (name, value) => `export ${name}="${value}"`,
  unset: (name) => `unset ${name}`,
  comment: '#',
  evaluate: (command) => `eval $(${command})`,
};

/** The table of docker-machine's shells, and how each evaluates a command's output. */
const FORMS: Readonly<Record<string, Form>> = {
  bash: posix,
  sh: posix,
  zsh: posix,
  'no-such-shell': posix,
  fish: {
    set: (name, value) => `set -gx ${name} "${value}";`,
    unset: (name) => `set -e ${name};`,
    comment: '#',
    evaluate: (command) => `${command} | source`,
  },
  powershell: {
    set: (name, value) => `$Env:${name} = "${value}"`,
    unset: (name) => `Remove-Item Env:\\\\${name}`,
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
    set: (name, value) => `(setenv "${name}" "${value}")`,
    unset: (name) => `(setenv "${name}" nil)`,
    comment: ';;',
    evaluate: (command) => `(with-temp-buffer (shell-command "${command}" (current-buffer)) (eval-buffer))`,
  },
};

const script = (form: Form, lines: readonly string[], words: string): string =>
  [
    ...lines,
    `${form.comment} ${HINT}`,
    `${form.comment} ${form.evaluate(`wherry machine env ${words}`)}`,
    '',
  ].join('\n');

const setting = (form: Form, more: readonly (readonly [string, string])[] = []): string[] =>
  [
    ['DOCKER_TLS_VERIFY', ''],
    ['DOCKER_HOST', host],
    ['DOCKER_CERT_PATH', ''],
    ['DOCKER_MACHINE_NAME', 'default'],
    ...more,
  ].map(([name = '', value = '']) => form.set(name, value));

const NAMES = ['DOCKER_TLS_VERIFY', 'DOCKER_HOST', 'DOCKER_CERT_PATH', 'DOCKER_MACHINE_NAME'];

const SHELLS: readonly MachineCase[] = Object.entries(FORMS).flatMap(([shell, form]): MachineCase[] => [
  {
    line: `env --shell ${shell} default`,
    given: one,
    out: script(form, setting(form), `--shell ${shell} default`),
  },
  { line: `env --shell ${shell}`, given: one, out: script(form, setting(form), `--shell ${shell}`) },
  { line: `env -u --shell ${shell}`, out: script(form, NAMES.map(form.unset), `-u --shell ${shell}`) },
]);

const noProxy = (env: Readonly<Record<string, string>>, name: string, value: string): MachineCase => ({
  line: 'env --no-proxy --shell sh',
  given: one,
  env,
  out: script(posix, setting(posix, [[name, value]]), '--no-proxy --shell sh'),
});

export const ENV: readonly MachineCase[] = [
  ...SHELLS,
  { line: 'env --shell sh', status: 1, err: NO_DEFAULT },
  { line: 'env --shell sh nope', status: 1, err: unknown('nope') },
  { line: 'env --shell sh a', given: { a: 'stopped' }, status: 1, err: notRunning('a') },
  { line: 'env --shell sh default b', given: one, status: 1, err: extra('b') },
  {
    line: 'env -u default',
    given: one,
    status: 1,
    err: 'Error: Expected no machine name when the -u flag is present\n',
  },
  { line: 'env --unset --shell sh', out: script(posix, NAMES.map(posix.unset), '--unset --shell sh') },
  noProxy({}, 'NO_PROXY', '127.0.0.1'),
  noProxy({ NO_PROXY: 'a,b' }, 'NO_PROXY', 'a,b,127.0.0.1'),
  noProxy({ no_proxy: 'a' }, 'no_proxy', 'a,127.0.0.1'),
  noProxy({ NO_PROXY: 'a', no_proxy: '' }, 'NO_PROXY', 'a,127.0.0.1'),
  // Once: a shell that evaluates it at every start doesn't grow it.
  noProxy({ NO_PROXY: 'a,127.0.0.1' }, 'NO_PROXY', 'a,127.0.0.1'),
  {
    line: 'env -u --no-proxy --shell fish',
    out: /^(set -e DOCKER_\w+;\n){4}set -e NO_PROXY;\n#/,
  },
  { line: 'env', given: one, env: { SHELL: '/bin/bash' }, out: /DOCKER_MACHINE_NAME/ },
];
