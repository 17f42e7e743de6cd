import { Flags } from '@oclif/core';
import type { Reporter } from '../../machine/context.ts';
import { repeated } from './repeated.ts';

export const createFlags = {
  cpus: Flags.integer({ description: "The machine's CPUs", min: 1 }),
  memory: Flags.string({ description: "The machine's memory: MiB, or with a unit, e.g. 2g" }),
  disk: Flags.string({ description: "The data disk's size: GiB, or with a unit, e.g. 40g" }),
  'no-start': Flags.boolean({ description: "Create the machine, don't start it", default: false }),
  'engine-insecure-registry': Flags.string({
    description: 'Registry that may be spoken to by plain HTTP',
    ...repeated,
  }),
  'engine-registry-mirror': Flags.string({
    description: 'Mirror of Docker Hub, tried before it',
    ...repeated,
  }),
  'engine-label': Flags.string({ description: 'Label of the machine, key=value', ...repeated }),
  'engine-opt': Flags.string({
    description:
      'Option of the engine: userns=auto gives each container user ids of its own, host-access=off keeps containers from this computer',
    ...repeated,
  }),
};

/** docker-machine's flags that mean nothing here: accepted, so that scripts go on working, with a note. */
export const ignoredFlags = {
  'engine-env': Flags.string({ hidden: true, ...repeated }),
  'engine-storage-driver': Flags.string({ hidden: true }),
  'engine-install-url': Flags.string({ hidden: true }),
  'tls-san': Flags.string({ hidden: true, ...repeated }),
};

/** @param engineOptions those of `--engine-opt` that Wherry's engine doesn't know */
export function noteIgnored(
  flags: Readonly<Record<string, unknown>>,
  engineOptions: readonly string[],
  reporter: Reporter,
): void {
  for (const option of engineOptions) {
    reporter.note(`Note: --engine-opt ${option} has no meaning for Wherry's engine and was ignored`);
  }
  for (const name of Object.keys(ignoredFlags)) {
    if (flags[name] !== undefined)
      reporter.note(`Note: --${name} has no meaning for Wherry's engine and was ignored`);
  }
}
