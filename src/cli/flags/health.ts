import { parseDuration } from '../../core/duration.ts';
import { usage } from '../base-command.ts';
import { invalidArgument } from './invalid-argument.ts';
import type { LifecycleFlags } from './lifecycle-flags.ts';

/** HealthConfig of the Docker Engine API; durations in nanoseconds, 0 for the image's or the default. */
export interface HealthConfig {
  readonly Test: readonly string[] | null;
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** What `--health-*` and `--no-healthcheck` ask for; undefined: nothing. @throws WherryError USAGE */
export function healthConfig(flags: LifecycleFlags): HealthConfig | undefined {
  const command = flags['health-cmd'] ?? '';
  const retries = flags['health-retries'] ?? 0;
  const [interval, timeout, startPeriod, startInterval] = (
    ['health-interval', 'health-timeout', 'health-start-period', 'health-start-interval'] as const
  ).map((flag) => duration(flags[flag], `--${flag}`)) as [number, number, number, number];
  const given =
    command !== '' || [retries, interval, timeout, startPeriod, startInterval].some((value) => value !== 0);
  if (flags['no-healthcheck'] === true) {
    if (given) throw usage('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (!given) return undefined;
  if (retries < 0) throw usage('--health-retries cannot be negative');
  return {
    Test: command === '' ? null : ['CMD-SHELL', command],
    Interval: interval,
    Timeout: timeout,
    StartPeriod: startPeriod,
    StartInterval: startInterval,
    Retries: retries,
  };
}

function duration(text: string | undefined, flag: string): number {
  if (text === undefined) return 0;
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined) throw invalidArgument(text, flag, `time: invalid duration "${text}"`);
  if (nanoseconds < 0) throw usage(`${flag} cannot be negative`);
  return nanoseconds;
}
