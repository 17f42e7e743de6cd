import { Flags } from '@oclif/core';
import type { Reporter } from '../../machine/context.ts';
import { engineFlags } from './engine-flags.ts';
import { repeated } from './repeated.ts';

export const noMountsFlag = {
  'no-mounts': Flags.boolean({
    description: 'Let containers have no directory of this computer',
    exclusive: ['mount'],
  }),
};

export const createFlags = {
  cpus: Flags.integer({ description: "The machine's CPUs", min: 1 }),
  memory: Flags.string({ description: "The machine's memory: MiB, or with a unit, e.g. 2g" }),
  disk: Flags.string({ description: "The data disk's size: GiB, or with a unit, e.g. 40g" }),
  'no-start': Flags.boolean({ description: "Create the machine, don't start it", default: false }),
  ...engineFlags,
  ...noMountsFlag,
};

/** docker-machine's flags that mean nothing here: accepted, so that scripts go on working, with a note. */
export const ignoredFlags = {
  'engine-storage-driver': Flags.string({ hidden: true }),
  'engine-install-url': Flags.string({ hidden: true }),
  'tls-san': Flags.string({ hidden: true, ...repeated }),
};

/** @param options those of `--engine-opt` that Wherry's engine doesn't know */
export function noteIgnoredOptions(options: readonly string[], reporter: Reporter): void {
  for (const option of options) {
    reporter.note(`Note: --engine-opt ${option} has no meaning for Wherry's engine and was ignored`);
  }
}

/** @param engineOptions those of `--engine-opt` that Wherry's engine doesn't know */
export function noteIgnored(
  flags: Readonly<Record<string, unknown>>,
  engineOptions: readonly string[],
  reporter: Reporter,
): void {
  noteIgnoredOptions(engineOptions, reporter);
  for (const name of Object.keys(ignoredFlags)) {
    if (flags[name] !== undefined)
      reporter.note(`Note: --${name} has no meaning for Wherry's engine and was ignored`);
  }
}
