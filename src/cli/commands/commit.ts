import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';

export default class Commit extends WherryCommand {
  static override description = "Create a new image from a container's changes";
  static override usage = 'commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]';
  static override optionsEndAtFirstPositional = true;
  static override args = {
    container: Args.string({ required: true, description: 'its name or id' }),
    repository: Args.string({ description: '[REPOSITORY[:TAG]]' }),
  };
  static override flags = {
    author: Flags.string({ char: 'a', description: 'Author (e.g., "Ada <ada@example.org>")', default: '' }),
    change: Flags.string({
      char: 'c',
      description: 'Apply Dockerfile instruction to the created image',
      multiple: true,
      multipleNonGreedy: true,
    }),
    message: Flags.string({ char: 'm', description: 'Commit message', default: '' }),
    pause: Flags.boolean({
      char: 'p',
      description: 'Pause container during commit',
      default: true,
      allowNo: true,
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Commit);
    const { Id } = await this.withEngine(flags.machine, (engine) =>
      engine.json<{ Id: string }>('POST', '/commit', {
        query: {
          container: args.container,
          repo: args.repository,
          author: flags.author,
          comment: flags.message,
          changes: flags.change,
          pause: flags.pause ? 1 : 0,
        },
      }),
    );
    this.print(Id);
  }
}
