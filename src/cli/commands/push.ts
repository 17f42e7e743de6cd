import { Args, Flags } from '@oclif/core';
import { WherryError } from '../../core/errors.ts';
import { usage, WherryCommand } from '../base-command.ts';
import { canonicalName, splitTag, withDefaultTag } from '../run/image-name.ts';
import { pushImage } from '../run/push-image.ts';

export default class Push extends WherryCommand {
  static override description = 'Upload an image to a registry';
  static override usage = 'push [OPTIONS] NAME[:TAG]';
  static override args = { image: Args.string({ required: true, description: 'NAME[:TAG]' }) };
  static override flags = {
    'all-tags': Flags.boolean({
      char: 'a',
      description: 'Push all tags of an image to the repository',
      default: false,
    }),
    platform: Flags.string({ description: 'Push an image of this platform only (os/arch[/variant])' }),
    quiet: Flags.boolean({ char: 'q', description: 'Suppress verbose output', default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Push);
    const all = flags['all-tags'];
    const tagged = withDefaultTag(args.image);
    if (args.image.includes('@')) throw usage('cannot push a digest reference', undefined, 1);
    if (all && tagged === args.image) {
      throw new WherryError({ code: 'USAGE', message: "tag can't be used with --all-tags/-a", bare: true });
    }
    if (!all && !flags.quiet && tagged !== args.image) this.print('Using default tag: latest');
    const [name, tag] = all ? [args.image, undefined] : splitTag(tagged);
    await this.withEngine(flags.machine, (engine) =>
      pushImage(
        engine,
        { name, tag, platform: flags.platform, quiet: flags.quiet, signal: this.signal },
        this.terminal,
      ),
    );
    if (flags.quiet) this.print(canonicalName(all ? args.image : tagged));
  }
}
