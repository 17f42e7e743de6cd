import { Flags } from '@oclif/core';
import { WherryCommand } from '../../base-command.ts';
import { filtersQuery } from '../../flags/filters.ts';
import type { NetworkResource } from '../../../protocol/docker/networks.ts';
import { renderList } from '../../render/format.ts';
import { NETWORK_LIST, networkRows } from '../../render/network-list.ts';
import { repeated } from '../../flags/repeated.ts';

export default class NetworkLs extends WherryCommand {
  static override description = 'List networks';
  static override aliases = ['network:list'];
  static override flags = {
    quiet: Flags.boolean({ char: 'q', description: 'Only display network IDs', default: false }),
    'no-trunc': Flags.boolean({ description: 'Do not truncate the output', default: false }),
    filter: Flags.string({
      char: 'f',
      description: 'Filter output',
      ...repeated,
    }),
    format: Flags.string({ description: 'table, table TEMPLATE, json, or a Go template' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(NetworkLs);
    const networks = await this.withEngine(flags.machine, (engine) =>
      engine.json<NetworkResource[]>('GET', '/networks', { query: { filters: filtersQuery(flags.filter) } }),
    );
    const rows = networkRows(networks, !flags['no-trunc']);
    const format = flags.format ?? (flags.quiet ? '{{.ID}}' : undefined);
    this.print(...renderList(rows, NETWORK_LIST, format));
  }
}
