import { Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { filtersQuery } from '../flags/filters.ts';
import {
  CONTAINER_LIST,
  CONTAINER_LIST_WITH_SIZE,
  containerRows,
  type ContainerSummary,
} from '../render/container-list.ts';
import { renderList } from '../render/format.ts';
import { repeated } from '../flags/repeated.ts';

export default class Ps extends WherryCommand {
  static override description = 'List containers';
  static override flags = {
    all: Flags.boolean({
      char: 'a',
      description: 'Show all containers (default shows just running)',
      default: false,
    }),
    quiet: Flags.boolean({ char: 'q', description: 'Only display container IDs', default: false }),
    size: Flags.boolean({ char: 's', description: 'Display total file sizes', default: false }),
    'no-trunc': Flags.boolean({ description: "Don't truncate output", default: false }),
    last: Flags.integer({ char: 'n', description: 'Show n last created containers (includes all states)' }),
    latest: Flags.boolean({ char: 'l', description: 'Show the latest created container', default: false }),
    format: Flags.string({ description: 'table, table TEMPLATE, json, or a Go template' }),
    filter: Flags.string({
      char: 'f',
      description: 'Filter output',
      ...repeated,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Ps);
    // A template that shows sizes asks for them, as docker's does.
    const size = flags.size || (flags.format?.includes('.Size') ?? false);
    const containers = await this.withEngine(flags.machine, (engine) =>
      engine.json<ContainerSummary[]>('GET', '/containers/json', {
        query: {
          all: flags.all ? 1 : undefined,
          limit: flags.latest ? 1 : flags.last,
          size: size ? 1 : undefined,
          filters: filtersQuery(flags.filter),
        },
      }),
    );
    if (flags.quiet) {
      this.print(...containers.map(({ Id }) => (flags['no-trunc'] ? Id : Id.slice(0, 12))));
      return;
    }
    const rows = containerRows(containers, { truncate: !flags['no-trunc'], now: new Date() });
    this.print(...renderList(rows, flags.size ? CONTAINER_LIST_WITH_SIZE : CONTAINER_LIST, flags.format));
  }
}
