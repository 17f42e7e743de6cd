import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { messageOf, WherryError } from '../../core/errors.ts';
import type { Reporter } from '../../machine/context.ts';
import { certificatesOf, isEngineVariable, keyOf } from '../../machine/engine-settings.ts';
import type { ListName } from '../../machine/set.ts';
import { repeated } from './repeated.ts';

/** The flags of `machine create` and `machine set` that shape a machine's engine. */
export const engineFlags = {
  'engine-insecure-registry': Flags.string({
    description: 'Registry, or range of addresses (CIDR) of registries, that may be spoken to by plain HTTP',
    ...repeated,
  }),
  'engine-registry-mirror': Flags.string({
    description: 'Mirror of Docker Hub, tried before it',
    ...repeated,
  }),
  'engine-env': Flags.string({
    description:
      "HTTP_PROXY, HTTPS_PROXY or NO_PROXY for the engine's way to registries, in place of this computer's own (NAME=VALUE, or NAME for the value it has here)",
    ...repeated,
  }),
  'engine-ca': Flags.string({
    description: 'File with certificates (PEM) of authorities that registries and proxies are trusted by',
    ...repeated,
  }),
  mount: Flags.string({
    description:
      'Directory of this computer that containers may have with -v, PATH[:ro]; your home if none is given',
    ...repeated,
  }),
  'engine-label': Flags.string({ description: 'Label of the machine, key=value', ...repeated }),
  'engine-opt': Flags.string({
    description:
      'Option of the engine: userns=auto gives each container user ids of its own, host-access=off keeps containers from this computer',
    ...repeated,
  }),
};

/** The flags whose values make a list of the machine's, by what that is called in machine.json. */
export const LIST_FLAGS = {
  insecureRegistries: 'engine-insecure-registry',
  registryMirrors: 'engine-registry-mirror',
  env: 'engine-env',
  certificateAuthorities: 'engine-ca',
  labels: 'engine-label',
  mounts: 'mount',
} as const satisfies Record<ListName, keyof typeof engineFlags>;

export interface ReadContext {
  readonly env: NodeJS.ProcessEnv;
  readonly reporter: Reporter;
}

/** What stands behind a list's flag, as it is stored. An empty word gives an empty list. @throws WherryError */
export function readList(name: ListName, values: readonly string[], context: ReadContext): string[] {
  const words = values.filter((value) => value !== '');
  if (name === 'env') return words.flatMap((word) => readVariable(word, context));
  if (name === 'certificateAuthorities') return words.flatMap(readCertificates);
  if (name === 'mounts') return words.map(readMount);
  return words;
}

/** The lists that `machine create` was given. @throws WherryError */
export function engineLists(
  flags: Readonly<Partial<Record<(typeof LIST_FLAGS)[ListName], readonly string[] | undefined>>>,
  context: ReadContext,
): Partial<Record<ListName, string[]>> {
  const lists: Partial<Record<ListName, string[]>> = {};
  for (const [list, flag] of Object.entries(LIST_FLAGS) as [ListName, (typeof LIST_FLAGS)[ListName]][]) {
    const entries = readList(list, flags[flag] ?? [], context);
    if (entries.length > 0) lists[list] = entries;
  }
  return lists;
}

function readVariable(word: string, { env, reporter }: ReadContext): string[] {
  const name = keyOf(word);
  if (!isEngineVariable(name)) {
    reporter.note(`Note: --engine-env ${name} has no meaning for Wherry's engine and was ignored`);
    return [];
  }
  const value = word === name ? env[name] : word.slice(name.length + 1);
  if (value !== undefined) return [`${name.toUpperCase()}=${value}`];
  throw new WherryError({ code: 'USAGE', message: `--engine-env ${name}: there is no ${name} here` });
}

/** A path as the user's shell has it: relative to where they are. The home is `~`, as it is where nothing was set. */
function readMount(word: string): string {
  const [, path = word, mode = ''] = /^(.*?)(:ro|:rw)?$/s.exec(word) ?? [];
  if (/^~(?:[\\/]|$)/.test(path)) return word;
  const absolute = resolve(path);
  return (absolute === resolve(homedir()) ? '~' : absolute) + mode;
}

function readCertificates(path: string): string[] {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    throw new WherryError({ code: 'USAGE', message: `--engine-ca: ${messageOf(error)}` });
  }
  return certificatesOf(pem, path);
}
