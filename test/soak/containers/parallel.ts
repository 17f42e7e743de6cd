import type { Subject } from './work.ts';

export interface ParallelResult {
  /** From the first request to the last container's start. */
  readonly ms: number;
  /** How many run of those that were started. */
  readonly running: number;
  /** The engine's memory that each of them took, KiB. */
  readonly engineKiBEach: number;
  readonly failures: readonly string[];
}

/** Starts so many containers at once, counts those that run, and removes them. */
export async function startInParallel(subject: Subject, count: number): Promise<ParallelResult> {
  const { client, image } = subject;
  const before = await subject.held();
  const started = performance.now();
  const failures: string[] = [];
  const ids: string[] = [];
  await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const NetworkMode = subject.networks[at % subject.networks.length];
      const id = await client.create({ Image: image, Cmd: ['sleep', '100000'], HostConfig: { NetworkMode } });
      ids.push(id);
      const answer = await client.call('POST', `/containers/${id}/start`);
      if (answer.status !== 204) failures.push(answer.text.trim());
    }),
  );
  const ms = Math.round(performance.now() - started);
  const during = await subject.held();
  const states = await Promise.all(
    ids.map(async (id) => (await client.call('GET', `/containers/${id}/json`)).json['State']),
  );
  const running = states.filter((state) => (state as { Running?: unknown }).Running === true).length;
  for (const id of ids) await client.call('DELETE', `/containers/${id}?force=1&v=1`);
  const engineKiBEach = Math.round(((during['engineKiB'] ?? 0) - (before['engineKiB'] ?? 0)) / count);
  return { ms, running, engineKiBEach, failures };
}
