import { Flags } from '@oclif/core';
import { PruneCommand, pruneFlags } from '../../prune/prune-command.ts';
import { pruneImages } from '../../prune/prune.ts';

export default class ImagePrune extends PruneCommand {
  static override description = 'Remove unused images';
  static override flags = {
    ...pruneFlags('until=<timestamp>'),
    all: Flags.boolean({
      char: 'a',
      description: 'Remove all unused images, not just dangling ones',
      default: false,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImagePrune);
    const which = flags.all
      ? 'all images without at least one container associated to them'
      : 'all dangling images';
    await this.pruneIfAgreed(flags, `This will remove ${which}.`, (engine) =>
      pruneImages(engine, flags.all, flags.filter ?? []),
    );
  }
}
