import { Flags } from '@oclif/core';
import { humanSize } from '../../../core/units.ts';
import { WherryCommand } from '../../base-command.ts';
import { pruneImages } from '../../run/prune.ts';
import { askYesOrNo } from '../../streams/ask.ts';

export default class ImagePrune extends WherryCommand {
  static override description = 'Remove unused images';
  static override flags = {
    all: Flags.boolean({
      char: 'a',
      description: 'Remove all unused images, not just dangling ones',
      default: false,
    }),
    force: Flags.boolean({ char: 'f', description: 'Do not prompt for confirmation', default: false }),
    filter: Flags.string({
      description: "Provide filter values (e.g. 'until=<timestamp>')",
      multiple: true,
      multipleNonGreedy: true,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImagePrune);
    const which = flags.all
      ? 'all images without at least one container associated to them'
      : 'all dangling images';
    const question = `WARNING! This will remove ${which}.\nAre you sure you want to continue? [y/N] `;
    const { stdin, stdout } = this.terminal;
    if (!flags.force && !(await askYesOrNo(question, { input: stdin, output: stdout }, this.signal))) return;
    const { lines, bytes } = await this.withEngine(flags.machine, (engine) =>
      pruneImages(engine, flags.all, flags.filter ?? []),
    );
    this.print(...lines, `Total reclaimed space: ${humanSize(bytes, 4)}`);
  }
}
