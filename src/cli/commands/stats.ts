import { Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import type { EngineClient } from '../engine-client/client.ts';
import { ExitStatus } from '../error-render.ts';
import { renderList } from '../render/format.ts';
import { STATS_LIST, statsRow, type StatsEntry } from '../render/stats-list.ts';
import { drawStats } from '../stats/draw-stats.ts';
import { sampleOnce } from '../stats/watch-stats.ts';

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
        const options = { follow: named.length === 0, all: flags.all, lines };
        await drawStats(engine, containers, options, this.terminal.stdout, this.signal);
        return;
      }
      const { entries, errors } = await sampleOnce(engine, containers);
      if (errors.length < containers.length || errors.length === 0) this.print(...lines(entries));
      for (const error of errors) this.terminal.stderr.write(`${error}\n`);
      if (errors.length > 0) throw new ExitStatus(1);
    });
  }
}

async function containersNow(engine: EngineClient, all: boolean): Promise<string[]> {
  const list = await engine.json<{ Id: string }[]>('GET', '/containers/json', {
    query: { all: all ? 1 : 0 },
  });
  return list.map(({ Id }) => Id.slice(0, 12));
}
