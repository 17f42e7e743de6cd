import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { apiPath } from '../engine-client/api-path.ts';
import { renderList } from '../render/format.ts';
import { historyList, historyRows, type HistoryItem } from '../render/history-list.ts';

export default class History extends WherryCommand {
  static override description = 'Show the history of an image';
  static override args = { image: Args.string({ required: true, description: 'NAME[:TAG|@DIGEST] or id' }) };
  static override flags = {
    format: Flags.string({ description: 'table, table TEMPLATE, json, or a Go template' }),
    human: Flags.boolean({
      char: 'H',
      description: 'Print sizes and dates in human readable format',
      default: true,
      allowNo: true,
    }),
    'no-trunc': Flags.boolean({ description: "Don't truncate output", default: false }),
    platform: Flags.string({ description: 'Show history for the given platform: os[/arch[/variant]]' }),
    quiet: Flags.boolean({ char: 'q', description: 'Only show image IDs', default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(History);
    const items = await this.withEngine(flags.machine, (engine) =>
      engine.json<HistoryItem[]>('GET', apiPath`/images/${args.image}/history`, {
        query: { platform: flags.platform },
      }),
    );
    const options = { truncate: !flags['no-trunc'], human: flags.human, now: new Date() };
    const rows = historyRows(items, options);
    if (flags.quiet) this.print(...rows.map(({ ID }) => String(ID)));
    else this.print(...renderList(rows, historyList(flags.human), flags.format));
  }
}
