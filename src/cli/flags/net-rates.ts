import { Flags } from '@oclif/core';
import type { FlagValues } from './flag-values.ts';

/** Wherry's own: docker has no such flags. In the API they are options of the endpoint (docs/limits.md). */
export const netRateFlags = {
  'net-rate-in': Flags.string({
    description: 'Limit what the container receives from its network, e.g. 10mbit or 1MB/s',
  }),
  'net-rate-out': Flags.string({
    description: 'Limit what the container sends to its network, e.g. 10mbit or 1MB/s',
  }),
};

export type NetRateFlags = FlagValues<typeof netRateFlags>;

/** EndpointSettings.DriverOpts, of the network that a container starts on; undefined: no rate was given. */
export function rateOptions(flags: NetRateFlags): Record<string, string> | undefined {
  const { 'net-rate-in': into, 'net-rate-out': out } = flags;
  if (into === undefined && out === undefined) return undefined;
  return {
    ...(into === undefined ? {} : { 'dev.wherry.net-rate-in': into }),
    ...(out === undefined ? {} : { 'dev.wherry.net-rate-out': out }),
  };
}
