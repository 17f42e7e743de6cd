import { Flags } from '@oclif/core';
import { humanSize } from '../../../core/units.ts';
import { WherryCommand } from '../../base-command.ts';
import { filtersQuery } from '../../flags/filters.ts';
import { askYesOrNo } from '../../streams/ask.ts';

export default class VolumePrune extends WherryCommand {
  static override description = 'Remove unused local volumes';
  static override flags = {
    all: Flags.boolean({
      char: 'a',
      description: 'Remove all unused volumes, not just anonymous ones',
      default: false,
    }),
    force: Flags.boolean({ char: 'f', description: 'Do not prompt for confirmation', default: false }),
    filter: Flags.string({
      description: "Provide filter values (e.g. 'label=<label>')",
      multiple: true,
      multipleNonGreedy: true,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(VolumePrune);
    if (!flags.force && !(await this.confirmed(flags.all))) return;
    const filters = [...(flags.filter ?? []), ...(flags.all ? ['all=true'] : [])];
    const { VolumesDeleted, SpaceReclaimed } = await this.withEngine(flags.machine, (engine) =>
      engine.json<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }>('POST', '/volumes/prune', {
        query: { filters: filtersQuery(filters) },
      }),
    );
    const deleted = VolumesDeleted ?? [];
    this.print(
      ...(deleted.length > 0 ? ['Deleted Volumes:', ...deleted, ''] : []),
      `Total reclaimed space: ${humanSize(SpaceReclaimed, 4)}`,
    );
  }

  private async confirmed(all: boolean): Promise<boolean> {
    const which = all ? 'all' : 'anonymous';
    const question = `WARNING! This will remove ${which} local volumes not used by at least one container.\nAre you sure you want to continue? [y/N] `;
    const { stdin, stdout } = this.terminal;
    return askYesOrNo(question, { input: stdin, output: stdout }, this.signal);
  }
}
