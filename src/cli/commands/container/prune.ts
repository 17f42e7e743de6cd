import { Flags } from '@oclif/core';
import { humanSize } from '../../../core/units.ts';
import { WherryCommand } from '../../base-command.ts';
import { filtersQuery } from '../../flags/filters.ts';
import { askYesOrNo } from '../../streams/ask.ts';

const QUESTION =
  'WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] ';

export default class ContainerPrune extends WherryCommand {
  static override description = 'Remove all stopped containers';
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'Do not prompt for confirmation', default: false }),
    filter: Flags.string({
      description: "Provide filter values (e.g. 'until=<timestamp>')",
      multiple: true,
      multipleNonGreedy: true,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ContainerPrune);
    const { stdin, stdout } = this.terminal;
    if (!flags.force && !(await askYesOrNo(QUESTION, { input: stdin, output: stdout }, this.signal))) return;
    const { ContainersDeleted, SpaceReclaimed } = await this.withEngine(flags.machine, (engine) =>
      engine.json<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }>(
        'POST',
        '/containers/prune',
        { query: { filters: filtersQuery(flags.filter) } },
      ),
    );
    const deleted = ContainersDeleted ?? [];
    this.print(
      ...(deleted.length > 0 ? ['Deleted Containers:', ...deleted, ''] : []),
      `Total reclaimed space: ${humanSize(SpaceReclaimed, 4)}`,
    );
  }
}
