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
    blobs: Flags.boolean({
      description: 'Give up the compressed layers of the images that stay; push and save fetch them again',
      default: false,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ImagePrune);
    const which = flags.all
      ? 'all images without at least one container associated to them'
      : 'all dangling images';
    const also = flags.blobs
      ? '\nIt will also remove the compressed layers that are kept of the other images for push and save, which then need the registry.'
      : '';
    const filters = [...(flags.filter ?? []), ...(flags.blobs ? ['blobs=true'] : [])];
    await this.pruneIfAgreed(flags, `This will remove ${which}.${also}`, (engine) =>
      pruneImages(engine, flags.all, filters),
    );
  }
}
