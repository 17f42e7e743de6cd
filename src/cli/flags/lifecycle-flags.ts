import { Flags } from '@oclif/core';
import { repeated } from './repeated.ts';
import type { FlagValues } from './flag-values.ts';

/** Flags of `run` and `create` about a container's life: how it starts, is looked after and ends. */
export const lifecycleFlags = {
  restart: Flags.string({ description: 'Restart policy to apply when a container exits' }),
  init: Flags.boolean({
    description: 'Run an init inside the container that forwards signals and reaps processes',
    allowNo: false,
  }),
  'stop-signal': Flags.string({ description: 'Signal to stop the container' }),
  'stop-timeout': Flags.integer({ description: 'Timeout (in seconds) to stop a container' }),
  cidfile: Flags.string({ description: 'Write the container ID to the file' }),
  'env-file': Flags.string({ description: 'Read in a file of environment variables', ...repeated }),
  'label-file': Flags.string({ description: 'Read in a line delimited file of labels', ...repeated }),
  'health-cmd': Flags.string({ description: 'Command to run to check health' }),
  'health-interval': Flags.string({ description: 'Time between running the check (ms|s|m|h)' }),
  'health-retries': Flags.integer({ description: 'Consecutive failures needed to report unhealthy' }),
  'health-start-period': Flags.string({
    description: 'Start period for the container to initialize before starting health-retries countdown',
  }),
  'health-start-interval': Flags.string({
    description: 'Time between running the check during the start period (ms|s|m|h)',
  }),
  'health-timeout': Flags.string({ description: 'Maximum time to allow one check to run (ms|s|m|h)' }),
  'no-healthcheck': Flags.boolean({
    description: 'Disable any container-specified HEALTHCHECK',
    default: false,
  }),
};

/** Their values, and `--rm`, which a restart policy excludes. */
export type LifecycleFlags = FlagValues<typeof lifecycleFlags> & { readonly rm?: boolean | undefined };
