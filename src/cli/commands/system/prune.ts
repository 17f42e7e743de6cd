import { Flags } from '@oclif/core';
import { humanSize } from '../../../core/units.ts';
import { WherryCommand } from '../../base-command.ts';
import { copyError } from '../../copy/argument.ts';
import { pruneSystem } from '../../run/prune.ts';
import { askYesOrNo } from '../../streams/ask.ts';

export default class SystemPrune extends WherryCommand {
  static override description = 'Remove unused data';
  static override flags = {
    all: Flags.boolean({
      char: 'a',
      description: 'Remove all unused images not just dangling ones',
      default: false,
    }),
    volumes: Flags.boolean({ description: 'Prune anonymous volumes', default: false }),
    force: Flags.boolean({ char: 'f', description: 'Do not prompt for confirmation', default: false }),
    filter: Flags.string({
      description: "Provide filter values (e.g. 'label=<key>=<value>')",
      multiple: true,
      multipleNonGreedy: true,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(SystemPrune);
    const filters = flags.filter ?? [];
    if (flags.volumes && filters.some((filter) => filter.startsWith('until=')))
      throw copyError('ERROR: The "until" filter is not supported with "--volumes"');
    const question = [
      'WARNING! This will remove:',
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
      'Are you sure you want to continue? [y/N] ',
    ].join('\n');
    const { stdin, stdout } = this.terminal;
    if (!flags.force && !(await askYesOrNo(question, { input: stdin, output: stdout }, this.signal))) return;
    const { lines, bytes } = await this.withEngine(flags.machine, (engine) =>
      pruneSystem(engine, { all: flags.all, volumes: flags.volumes, filters }),
    );
    this.print(...lines, `Total reclaimed space: ${humanSize(bytes, 4)}`);
  }
}
