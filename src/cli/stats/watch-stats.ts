import { messageOf } from '../../core/errors.ts';
import type { ContainerStats } from '../../protocol/docker/stats.ts';
import { apiPath } from '../engine-client/api-path.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import { jsonLines } from '../engine-client/json-lines.ts';
import type { StatsEntry } from '../render/stats-list.ts';

interface Watched {
  latest: ContainerStats | undefined;
  readonly stop: AbortController;
}

/** Containers whose samples arrive all the time, in the order in which they came. */
export class StatsWatch {
  readonly #engine: EngineClient;
  readonly #signal: AbortSignal;
  readonly #watched = new Map<string, Watched>();
  #failure: unknown;

  constructor(engine: EngineClient, signal: AbortSignal) {
    this.#engine = engine;
    this.#signal = signal;
  }

  /** Starts with a container. @returns when its first sample is there, or it can't be had */
  async add(container: string): Promise<void> {
    if (this.#watched.has(container)) return;
    const watched: Watched = { latest: undefined, stop: new AbortController() };
    this.#watched.set(container, watched);
    await new Promise<void>((resolve) => {
      this.#follow(container, watched, resolve)
        .catch((error: unknown) => this.#ended(container, watched, error))
        .finally(resolve);
    });
  }

  remove(container: string): void {
    this.#watched.get(container)?.stop.abort();
    this.#watched.delete(container);
  }

  entries(): StatsEntry[] {
    return [...this.#watched].map(([container, { latest }]) => ({ container, stats: latest }));
  }

  /** @throws the first failure that isn't the end of what was watched */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    for (const container of this.#watched.keys()) this.remove(container);
  }

  async #follow(container: string, watched: Watched, onFirst: () => void): Promise<void> {
    const answer = await this.#engine.stream('GET', apiPath`/containers/${container}/stats`, {
      query: { stream: 1 },
      signal: AbortSignal.any([this.#signal, watched.stop.signal]),
    });
    for await (const sample of jsonLines<ContainerStats>(answer)) {
      watched.latest = sample;
      onFirst();
    }
    this.#watched.delete(container);
  }

  #ended(container: string, watched: Watched, error: unknown): void {
    this.#watched.delete(container);
    if (!watched.stop.signal.aborted) this.#failure ??= error;
  }
}

/** One sample of each, all at the same time. @returns what could be had, and the reasons for the rest */
export async function sampleOnce(
  engine: EngineClient,
  containers: readonly string[],
): Promise<{ readonly entries: readonly StatsEntry[]; readonly errors: readonly string[] }> {
  const errors: string[] = [];
  const entries = await Promise.all(
    containers.map(async (container): Promise<StatsEntry[]> => {
      try {
        const stats = await engine.json<ContainerStats>('GET', apiPath`/containers/${container}/stats`, {
          query: { stream: 0 },
        });
        return [{ container, stats }];
      } catch (error) {
        if (!(error instanceof EngineAnswerError)) throw error;
        errors.push(messageOf(error));
        return [];
      }
    }),
  );
  return { entries: entries.flat(), errors };
}
