import { Flags } from '@oclif/core';
import { invalidArgument } from './invalid-argument.ts';
import { repeated } from './repeated.ts';
import type { FlagValues } from './flag-values.ts';

export const kernelFlags = {
  sysctl: Flags.string({ description: 'Sysctl options', ...repeated }),
  ulimit: Flags.string({ description: 'Ulimit options, e.g. nofile=1024:2048', ...repeated }),
};

export type KernelFlags = FlagValues<typeof kernelFlags>;

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

/** `--sysctl` and `--ulimit` as docker's client sends them: only what was given. @throws WherryError USAGE */
export function kernelFields(flags: KernelFlags): {
  readonly Sysctls?: Readonly<Record<string, string>>;
  readonly Ulimits?: readonly Ulimit[];
} {
  const ulimits = new Map(flags.ulimit?.map(ulimitOf).map((ulimit) => [ulimit.Name, ulimit]));
  return {
    ...(flags.sysctl ? { Sysctls: Object.fromEntries(flags.sysctl.map(sysctlOf)) } : {}),
    ...(flags.ulimit ? { Ulimits: [...ulimits.values()] } : {}),
  };
}

/** What docker's client lets through (docker CLI, opts/opts.go ValidateSysctl). */
const SYSCTL =
  /^(?:kernel\.(?:msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|net\..*|fs\.mqueue\..*)$/s;

function sysctlOf(text: string): [string, string] {
  const equals = text.indexOf('=');
  const name = text.slice(0, equals);
  if (equals < 1 || !SYSCTL.test(name)) {
    throw invalidArgument(text, '--sysctl', `sysctl '${text}' is not allowed`);
  }
  return [name, text.slice(equals + 1)];
}

const ULIMITS = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
);

/** `name=soft[:hard]`, `unlimited` being -1 (go-units ParseUlimit). */
function ulimitOf(text: string): Ulimit {
  const refuse = (reason: string): never => {
    throw invalidArgument(text, '--ulimit', reason);
  };
  const equals = text.indexOf('=');
  if (equals < 0) refuse(`invalid ulimit argument: ${text}`);
  const [name, values] = [text.slice(0, equals), text.slice(equals + 1)];
  if (!ULIMITS.has(name)) refuse(`invalid ulimit type: ${name}`);
  const [first = '', second = first, third] = values.split(':');
  if (third !== undefined) {
    refuse(`too many limit values - ${values}, can only have up to two, \`soft[:hard]\``);
  }
  const [soft, hard] = [first, second].map((value) => {
    if (value === 'unlimited') return -1;
    return /^-?\d{1,15}$/.test(value) ? Number(value) : refuse(`invalid syntax: ${value}`);
  });
  if (soft === undefined || hard === undefined) return refuse(`invalid ulimit argument: ${text}`);
  if (hard !== -1 && (soft > hard || soft === -1)) {
    refuse(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}
