import { Flags } from '@oclif/core';
import { WherryCommand } from '../../base-command.ts';
import { filtersQuery } from '../../flags/filters.ts';
import { renderList } from '../../render/format.ts';

interface NetworkSummary {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
}

const FORMAT = {
  table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
  headings: { ID: 'NETWORK ID' },
};

export default class NetworkLs extends WherryCommand {
  static override description = 'List networks';
  static override flags = {
    quiet: Flags.boolean({ char: 'q', description: 'Only display network IDs', default: false }),
    'no-trunc': Flags.boolean({ description: 'Do not truncate the output', default: false }),
    filter: Flags.string({
      char: 'f',
      description: 'Filter output',
      multiple: true,
      multipleNonGreedy: true,
    }),
    format: Flags.string({ description: 'table, table TEMPLATE, json, or a Go template' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(NetworkLs);
    const networks = await this.withEngine(flags.machine, (engine) =>
      engine.json<NetworkSummary[]>('GET', '/networks', { query: { filters: filtersQuery(flags.filter) } }),
    );
    const rows = networks.map(({ Id, Name, Driver, Scope }) => ({
      ID: flags['no-trunc'] ? Id : Id.slice(0, 12),
      Name,
      Driver,
      Scope,
    }));
    if (flags.quiet) this.print(...rows.map(({ ID }) => ID));
    else this.print(...renderList(rows, FORMAT, flags.format));
  }
}
