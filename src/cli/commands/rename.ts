import { Args } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { ExitStatus } from '../error-render.ts';
import { EngineAnswerError } from '../engine-client/client.ts';
import { apiPath } from '../engine-client/api-path.ts';

export default class Rename extends WherryCommand {
  static override description = 'Rename a container';
  static override args = {
    container: Args.string({ required: true }),
    name: Args.string({ required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rename);
    try {
      await this.withEngine(flags.machine, (engine) =>
        engine.json('POST', apiPath`/containers/${args.container}/rename`, { query: { name: args.name } }),
      );
    } catch (error) {
      if (!(error instanceof EngineAnswerError)) throw error;
      this.terminal.stderr.write(
        `${error.message}\nError: failed to rename container named ${args.container}\n`,
      );
      throw new ExitStatus(1);
    }
  }
}
