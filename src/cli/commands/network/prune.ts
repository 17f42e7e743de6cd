import { Flags } from '@oclif/core';
import { WherryCommand } from '../../base-command.ts';
import { filtersQuery } from '../../flags/filters.ts';
import { askYesOrNo } from '../../streams/ask.ts';

const QUESTION = `WARNING! This will remove all custom networks not used by at least one container.
Are you sure you want to continue? [y/N] `;

export default class NetworkPrune extends WherryCommand {
  static override description = 'Remove all unused networks';
  static override flags = {
    filter: Flags.string({
      description: 'Provide filter values (e.g. "until=<timestamp>")',
      multiple: true,
      multipleNonGreedy: true,
    }),
    force: Flags.boolean({ char: 'f', description: 'Do not prompt for confirmation', default: false }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(NetworkPrune);
    const { stdin, stdout } = this.terminal;
    const agreed = flags.force || (await askYesOrNo(QUESTION, { input: stdin, output: stdout }, this.signal));
    if (!agreed) return;
    const { NetworksDeleted } = await this.withEngine(flags.machine, (engine) =>
      engine.json<{ NetworksDeleted: string[] | null }>('POST', '/networks/prune', {
        query: { filters: filtersQuery(flags.filter) },
      }),
    );
    const deleted = NetworksDeleted ?? [];
    if (deleted.length > 0) this.print('Deleted Networks:', ...deleted, '');
  }
}
