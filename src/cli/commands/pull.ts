import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { pullImage, withDefaultTag } from '../run/pull-image.ts';

export default class Pull extends WherryCommand {
  static override description = 'Download an image from a registry';
  static override args = { image: Args.string({ required: true, description: 'NAME[:TAG|@DIGEST]' }) };
  static override flags = {
    platform: Flags.string({ description: 'Set platform if server is multi-platform capable' }),
    quiet: Flags.boolean({ char: 'q', description: 'Suppress verbose output', default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pull);
    if (!flags.quiet && withDefaultTag(args.image) !== args.image) this.print('Using default tag: latest');
    await this.withEngine(flags.machine, (engine) =>
      pullImage(
        engine,
        {
          reference: args.image,
          policy: 'always',
          platform: flags.platform,
          quiet: flags.quiet,
          signal: this.signal,
        },
        this.terminal.stdout,
        this.terminal.stderr,
      ),
    );
    this.print(canonicalName(withDefaultTag(args.image)));
  }
}

/** With the registry's domain, as docker prints what it pulled: a first part is a domain if it looks like one. */
function canonicalName(reference: string): string {
  const slash = reference.indexOf('/');
  const first = reference.slice(0, Math.max(0, slash));
  if (/[.:]/.test(first) || first === 'localhost') return reference;
  return `docker.io/${slash === -1 ? 'library/' : ''}${reference}`;
}
