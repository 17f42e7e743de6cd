import { Flags } from '@oclif/core';
import { copyError } from '../../copy/argument.ts';
import { PruneCommand, pruneFlags } from '../../prune/prune-command.ts';
import { pruneSystem } from '../../prune/prune.ts';

export default class SystemPrune extends PruneCommand {
  static override description = 'Remove unused data';
  static override flags = {
    ...pruneFlags('label=<key>=<value>'),
    all: Flags.boolean({
      char: 'a',
      description: 'Remove all unused images not just dangling ones',
      default: false,
    }),
    volumes: Flags.boolean({ description: 'Prune anonymous volumes', default: false }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SystemPrune);
    const filters = flags.filter ?? [];
    if (flags.volumes && filters.some((filter) => filter.startsWith('until=')))
      throw copyError('ERROR: The "until" filter is not supported with "--volumes"');
    const warning = [
      'This will remove:',
      '  - all stopped containers',
      '  - all networks not used by at least one container',
      ...(flags.volumes ? ['  - all anonymous volumes not used by at least one container'] : []),
      flags.all
        ? '  - all images without at least one container associated to them'
        : '  - all dangling images',
      ...(filters.length > 0
        ? ['', '  Items to be pruned will be filtered with:', ...filters.map((filter) => `  - ${filter}`)]
        : []),
      '',
    ].join('\n');
    await this.pruneIfAgreed(flags, warning, (engine) =>
      pruneSystem(engine, { all: flags.all, volumes: flags.volumes, filters }),
    );
  }
}
