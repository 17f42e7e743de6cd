import { setTimeout as delay } from 'node:timers/promises';
import { WherryError } from '../../core/errors.ts';
import type { EngineClient } from '../engine-client/client.ts';
import { jsonLines } from '../engine-client/json-lines.ts';
import type { StatsEntry } from '../render/stats-list.ts';
import { StatsWatch } from './watch-stats.ts';

/** docker redraws twice a second; samples come once. */
const REDRAW_MS = 500;
const HOME = '\u001B[H';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

export interface DrawOptions {
  /** Containers that start are added, and those that end go; without it the end of the last one ends the drawing. */
  readonly follow: boolean;
  /** With `follow`: those that don't run, too. */
  readonly all: boolean;
  readonly lines: (entries: readonly StatsEntry[]) => string[];
}

/** Draws the containers' figures over what was there, until `signal` ends it. Errors: the engine's, `ENGINE_GONE`. */
export async function drawStats(
  engine: EngineClient,
  containers: readonly string[],
  options: DrawOptions,
  stdout: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<void> {
  const watch = new StatsWatch(engine, signal);
  const events = options.follow ? followEvents(engine, watch, options.all, signal) : undefined;
  // Seen below, between two drawings; it may fail before the first of them.
  events?.catch(() => undefined);
  try {
    await Promise.all(containers.map((container) => watch.add(container)));
    while (!signal.aborted) {
      watch.check();
      const drawn = options.lines(watch.entries()).map((line) => `${line}${CLEAR_LINE}\n`);
      stdout.write(`${HOME}${drawn.join('')}${CLEAR_BELOW}`);
      if (!options.follow && watch.entries().length === 0) return;
      await Promise.race([
        delay(REDRAW_MS, undefined, { signal }),
        ...(events === undefined ? [] : [events]),
      ]);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    watch.close();
  }
}

interface ContainerEvent {
  readonly Action: string;
  readonly Actor: { readonly ID: string };
}

async function followEvents(
  engine: EngineClient,
  watch: StatsWatch,
  all: boolean,
  signal: AbortSignal,
): Promise<void> {
  const answer = await engine.stream('GET', '/events', {
    query: { filters: JSON.stringify({ type: { container: true } }) },
    signal,
  });
  for await (const { Action, Actor } of jsonLines<ContainerEvent>(answer)) {
    const container = Actor.ID.slice(0, 12);
    if (Action === 'start' || (Action === 'create' && all)) void watch.add(container);
    if (Action === 'destroy' || (Action === 'die' && !all)) watch.remove(container);
  }
  throw new WherryError({ code: 'ENGINE_GONE', message: 'The engine ended its stream of events.' });
}
