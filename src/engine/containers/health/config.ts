import type { Healthcheck } from '../../../protocol/docker/container-config.ts';
import { invalid } from '../../errors.ts';
import type { ImageRunConfig } from '../../images/contract.ts';

const MILLISECOND = 1e6;
const SECOND = 1e9;

/** A health check as it runs. */
export interface Check {
  readonly argv: readonly string[];
  /** Milliseconds. */
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

/** The user's health check on top of the image's, field by field (moby daemon/commit.go, merge). */
export function mergeHealthcheck(
  user: Healthcheck | null,
  image: ImageRunConfig['Healthcheck'],
): Healthcheck | null {
  if (image === undefined) return user;
  return {
    Test: orElse(user?.Test, [...(image.Test ?? [])]),
    Interval: user?.Interval || (image.Interval ?? 0),
    Timeout: user?.Timeout || (image.Timeout ?? 0),
    StartPeriod: user?.StartPeriod || (image.StartPeriod ?? 0),
    StartInterval: user?.StartInterval || (image.StartInterval ?? 0),
    Retries: user?.Retries || (image.Retries ?? 0),
  };
}

const orElse = (list: readonly string[] | undefined, other: string[]): string[] =>
  list === undefined || list.length === 0 ? other : [...list];

/** @throws EngineError invalidParameter in moby's words */
export function checkHealthcheck(config: Healthcheck | null): void {
  if (config === null) return;
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    if (config[field] !== 0 && config[field] < MILLISECOND) {
      throw invalid(`${field} in Healthcheck cannot be less than 1ms`);
    }
  }
  if (config.Retries < 0) throw invalid('Retries in Healthcheck cannot be negative');
}

/** What is to be run, and when; undefined where nothing is. 0 means moby's defaults (daemon/health.go). */
export function checkOf(config: Healthcheck | null, shell: readonly string[]): Check | undefined {
  const argv = argvOf(config?.Test ?? [], shell.length > 0 ? shell : ['/bin/sh', '-c']);
  if (config === null || argv === undefined) return undefined;
  return {
    argv,
    interval: (config.Interval || 30 * SECOND) / MILLISECOND,
    timeout: (config.Timeout || 30 * SECOND) / MILLISECOND,
    startPeriod: config.StartPeriod / MILLISECOND,
    startInterval: (config.StartInterval || 5 * SECOND) / MILLISECOND,
    retries: config.Retries || 3,
  };
}

function argvOf([kind, ...words]: readonly string[], shell: readonly string[]): string[] | undefined {
  if (kind === 'CMD' && words.length > 0) return words;
  if (kind === 'CMD-SHELL') return [...shell, words[0] ?? ''];
  return undefined;
}
