import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { filtersQuery } from '../flags/filters.ts';
import { repeated } from '../flags/repeated.ts';
import { renderList } from '../render/format.ts';
import { SEARCH_LIST, searchRows, type SearchItem } from '../render/search-list.ts';

export default class Search extends WherryCommand {
  static override description = 'Search Docker Hub for images';
  static override args = {
    term: Args.string({ required: true, description: 'what to search for, or HOST[:PORT]/TERM' }),
  };
  static override flags = {
    filter: Flags.string({
      char: 'f',
      description: 'Filter output: stars=N, is-official=true',
      ...repeated,
    }),
    format: Flags.string({ description: 'table, table TEMPLATE, json, or a Go template' }),
    limit: Flags.integer({ description: 'Max number of search results', default: 0 }),
    'no-trunc': Flags.boolean({ description: "Don't truncate output", default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Search);
    const { registryAuth } = await import('../registry/registry-auth.ts');
    const items = await this.withEngine(flags.machine, async (engine) =>
      engine.json<SearchItem[]>('GET', '/images/search', {
        query: {
          term: args.term,
          limit: flags.limit > 0 ? flags.limit : undefined,
          filters: filtersQuery(flags.filter ?? []),
        },
        headers: await registryAuth(args.term, this.terminal.stderr, this.signal),
      }),
    );
    const rows = searchRows(items, { truncate: !flags['no-trunc'], json: flags.format === 'json' });
    this.print(...renderList(rows, SEARCH_LIST, flags.format));
  }
}
