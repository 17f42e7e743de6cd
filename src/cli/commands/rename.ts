import { Args } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { apiPath } from '../engine-client/api-path.ts';

export default class Rename extends WherryCommand {
  static override description = 'Rename a container';
  static override args = {
    container: Args.string({ required: true }),
    name: Args.string({ required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rename);
    await this.withEngine(flags.machine, (engine) =>
      engine.json('POST', apiPath`/containers/${args.container}/rename`, { query: { name: args.name } }),
    );
  }
}
