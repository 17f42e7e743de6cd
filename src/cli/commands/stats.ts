import { Flags } from '@oclif/core';
import { setTimeout as delay } from 'node:timers/promises';
import { WherryError } from '../../core/errors.ts';
import { WherryCommand } from '../base-command.ts';
import type { EngineClient } from '../engine-client/client.ts';
import { jsonLines } from '../engine-client/json-lines.ts';
import { ExitStatus } from '../error-render.ts';
import { renderList } from '../render/format.ts';
import { STATS_LIST, statsRow, type StatsEntry } from '../render/stats-list.ts';
import { sampleOnce, StatsWatch } from '../stats/watch-stats.ts';

/** docker redraws twice a second; samples come once. */
const REDRAW_MS = 500;
const HOME = '\u001B[H';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

export default class Stats extends WherryCommand {
  static override description = 'Display a live stream of container(s) resource usage statistics';
  static override usage = 'stats [OPTIONS] [CONTAINER...]';
  static override strict = false;
  static override flags = {
    all: Flags.boolean({
      char: 'a',
      description: 'Show all containers (default shows just running)',
      default: false,
    }),
    format: Flags.string({ description: 'table, table TEMPLATE, json, or a Go template' }),
    'no-stream': Flags.boolean({
      description: 'Disable streaming stats and only pull the first result',
      default: false,
    }),
    'no-trunc': Flags.boolean({ description: 'Do not truncate output', default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Stats);
    const named = argv as string[];
    const lines = (entries: readonly StatsEntry[]): string[] =>
      renderList(
        entries.map((entry) => statsRow(entry, !flags['no-trunc'])),
        STATS_LIST,
        flags.format,
      );
    await this.withEngine(flags.machine, async (engine) => {
      const containers = named.length > 0 ? named : await containersNow(engine, flags.all);
      if (!flags['no-stream']) {
        await this.watch(engine, containers, { follow: named.length === 0, all: flags.all, lines });
        return;
      }
      const { entries, errors } = await sampleOnce(engine, containers);
      if (errors.length < containers.length || errors.length === 0) this.print(...lines(entries));
      for (const error of errors) this.terminal.stderr.write(`${error}\n`);
      if (errors.length > 0) throw new ExitStatus(1);
    });
  }

  /** Until Ctrl-C; with `follow`, containers that start are added and those that end go. */
  private async watch(
    engine: EngineClient,
    containers: readonly string[],
    options: {
      readonly follow: boolean;
      readonly all: boolean;
      readonly lines: (entries: readonly StatsEntry[]) => string[];
    },
  ): Promise<void> {
    const watch = new StatsWatch(engine, this.signal);
    const events = options.follow ? followEvents(engine, watch, options.all, this.signal) : undefined;
    events?.catch(() => undefined); // Seen below, between two drawings.
    try {
      await Promise.all(containers.map((container) => watch.add(container)));
      while (!this.signal.aborted) {
        watch.check();
        const drawn = options.lines(watch.entries()).map((line) => `${line}${CLEAR_LINE}\n`);
        this.terminal.stdout.write(`${HOME}${drawn.join('')}${CLEAR_BELOW}`);
        if (!options.follow && watch.entries().length === 0) return;
        await Promise.race([delay(REDRAW_MS, undefined, { signal: this.signal }), events].filter(isThere));
      }
    } catch (error) {
      if (!this.signal.aborted) throw error;
    } finally {
      watch.close();
    }
  }
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;

async function containersNow(engine: EngineClient, all: boolean): Promise<string[]> {
  const list = await engine.json<{ Id: string }[]>('GET', '/containers/json', {
    query: { all: all ? 1 : 0 },
  });
  return list.map(({ Id }) => Id.slice(0, 12));
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
