import { messageOf } from '../../../core/errors.ts';
import { timestamp } from '../model.ts';
import type { ContainerEntry } from '../registry.ts';
import { checkOf } from './config.ts';
import type { Check } from './config.ts';
import { healthAfter, startingHealth } from './state.ts';
import type { HealthResult } from './state.ts';

export interface ProbeOutcome {
  readonly exitCode: number;
  readonly output: string;
}

export interface HealthDependencies {
  /** Runs a check once, for no longer than it may take; `signal` aborts when nobody wants to know any more. */
  readonly probe: (entry: ContainerEntry, check: Check, signal: AbortSignal) => Promise<ProbeOutcome>;
  /** The status has changed: to be written down and told. */
  readonly changed: (entry: ContainerEntry) => void;
  readonly now?: () => number;
  /** Runs an action later; returns what takes that back. */
  readonly after?: (milliseconds: number, action: () => void) => () => void;
}

interface Watch {
  readonly check: Check;
  readonly abort: AbortController;
  takeBack: () => void;
}

/**
 * Runs containers' health checks, each one after the last has ended (moby daemon/health.go). A container has one timer,
 * from its start to its end.
 */
export class HealthChecks {
  readonly #dependencies: Required<HealthDependencies>;
  readonly #watches = new Map<string, Watch>();

  constructor(dependencies: HealthDependencies) {
    this.#dependencies = { now: Date.now, after: later, ...dependencies };
  }

  /** A container has started; call it before its record is written. */
  begin(entry: ContainerEntry): void {
    const { config } = entry.record;
    if (checkOf(config.Healthcheck ?? null, config.Shell ?? []) === undefined) {
      delete entry.record.health;
      return;
    }
    entry.record.health = startingHealth(entry.record.health);
    this.resume(entry);
  }

  /** The engine has found a container running. */
  resume(entry: ContainerEntry): void {
    const { config } = entry.record;
    const check = checkOf(config.Healthcheck ?? null, config.Shell ?? []);
    if (check === undefined) return;
    entry.record.health ??= startingHealth(undefined);
    this.#drop(entry.id);
    const watch: Watch = { check, abort: new AbortController(), takeBack: () => undefined };
    this.#watches.set(entry.id, watch);
    this.#wait(entry, watch);
  }

  /** A container has ended; one that isn't looked after counts as unhealthy, as in moby. */
  end(entry: ContainerEntry): void {
    this.#drop(entry.id);
    if (entry.record.health !== undefined) {
      entry.record.health = { ...entry.record.health, Status: 'unhealthy' };
    }
  }

  close(): void {
    for (const id of this.#watches.keys()) this.#drop(id);
  }

  #drop(id: string): void {
    const watch = this.#watches.get(id);
    this.#watches.delete(id);
    watch?.takeBack();
    watch?.abort.abort();
  }

  #wait(entry: ContainerEntry, watch: Watch): void {
    const { check } = watch;
    const young = this.#age(entry) < check.startPeriod && entry.record.health?.Status === 'starting';
    watch.takeBack = this.#dependencies.after(
      young ? check.startInterval : check.interval,
      () => void this.#run(entry, watch),
    );
  }

  async #run(entry: ContainerEntry, watch: Watch): Promise<void> {
    const { state } = entry;
    if (state.status === 'running' && !state.paused) {
      const sinceStart = this.#age(entry);
      const result = await this.#result(entry, watch);
      if (this.#watches.get(entry.id) !== watch) return;
      const before = entry.record.health ?? startingHealth(undefined);
      entry.record.health = healthAfter(before, result, watch.check, sinceStart);
      if (entry.record.health.Status !== before.Status) this.#dependencies.changed(entry);
    }
    this.#wait(entry, watch);
  }

  async #result(entry: ContainerEntry, { check, abort }: Watch): Promise<HealthResult> {
    const { now, probe } = this.#dependencies;
    const Start = timestamp(now());
    const outcome = await probe(entry, check, abort.signal).catch((error: unknown) => ({
      exitCode: -1,
      output: messageOf(error),
    }));
    return { Start, End: timestamp(now()), ExitCode: outcome.exitCode, Output: outcome.output };
  }

  /** Milliseconds since the container started. */
  #age({ state }: ContainerEntry): number {
    return state.status === 'running' ? this.#dependencies.now() - Date.parse(state.startedAt) : 0;
  }
}

/** setTimeout can't count further, in milliseconds (25 days), and fires at once if it is asked to. */
const LONGEST_TIMER = 2 ** 31 - 1;

function later(milliseconds: number, action: () => void): () => void {
  const timer = setTimeout(action, Math.min(milliseconds, LONGEST_TIMER)).unref();
  return () => clearTimeout(timer);
}
