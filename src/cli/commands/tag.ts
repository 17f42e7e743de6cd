import { Args } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { apiPath } from '../engine-client/api-path.ts';
import { splitTag, withDefaultTag } from '../run/image-name.ts';

export default class Tag extends WherryCommand {
  static override description = 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE';
  static override args = {
    source: Args.string({ required: true, description: 'SOURCE_IMAGE[:TAG]' }),
    target: Args.string({ required: true, description: 'TARGET_IMAGE[:TAG]' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Tag);
    const [repo, tag] = splitTag(withDefaultTag(args.target));
    await this.withEngine(flags.machine, (engine) =>
      engine.json('POST', apiPath`/images/${args.source}/tag`, { query: { repo, tag } }),
    );
  }
}
