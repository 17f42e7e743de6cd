import { Args, Flags } from '@oclif/core';
import { WherryError } from '../../core/errors.ts';
import { WherryCommand } from '../base-command.ts';
import { canonicalName, withDefaultTag } from '../run/image-name.ts';
import { pullImage } from '../run/pull-image.ts';

export default class Pull extends WherryCommand {
  static override description = 'Download an image from a registry';
  static override args = { image: Args.string({ required: true, description: 'NAME[:TAG|@DIGEST]' }) };
  static override flags = {
    'all-tags': Flags.boolean({
      char: 'a',
      description: 'Download all tagged images in the repository',
      default: false,
    }),
    platform: Flags.string({ description: 'Set platform if server is multi-platform capable' }),
    quiet: Flags.boolean({ char: 'q', description: 'Suppress verbose output', default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pull);
    const allTags = flags['all-tags'];
    const tagged = withDefaultTag(args.image);
    if (allTags && tagged === args.image) {
      throw new WherryError({ code: 'USAGE', message: "tag can't be used with --all-tags/-a", bare: true });
    }
    if (!allTags && !flags.quiet && tagged !== args.image) this.print('Using default tag: latest');
    await this.withEngine(flags.machine, (engine) =>
      pullImage(
        engine,
        {
          reference: args.image,
          allTags,
          policy: 'always',
          platform: flags.platform,
          quiet: flags.quiet,
          signal: this.signal,
        },
        this.terminal.stdout,
        this.terminal.stderr,
      ),
    );
    this.print(canonicalName(allTags ? args.image : tagged));
  }
}
