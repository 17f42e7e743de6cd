import { Flags } from '@oclif/core';
import { PruneCommand, pruneFlags } from '../../prune/prune-command.ts';
import { prune } from '../../prune/prune.ts';

export default class VolumePrune extends PruneCommand {
  static override description = 'Remove unused local volumes';
  static override flags = {
    ...pruneFlags('label=<label>'),
    all: Flags.boolean({
      char: 'a',
      description: 'Remove all unused volumes, not just anonymous ones',
      default: false,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(VolumePrune);
    const which = flags.all ? 'all' : 'anonymous';
    const warning = `This will remove ${which} local volumes not used by at least one container.`;
    const filters = [...(flags.filter ?? []), ...(flags.all ? ['all=true'] : [])];
    await this.pruneIfAgreed(flags, warning, (engine) => prune(engine, 'volumes', filters));
  }
}
