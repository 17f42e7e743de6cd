import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../../base-command.ts';
import { apiPath } from '../../engine-client/api-path.ts';

export default class NetworkDisconnect extends WherryCommand {
  static override description = 'Disconnect a container from a network';
  static override args = {
    network: Args.string({ required: true, description: 'the network' }),
    container: Args.string({ required: true, description: 'the container, running or not' }),
  };
  static override flags = {
    force: Flags.boolean({
      char: 'f',
      description: 'Force the container to disconnect from a network',
      default: false,
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkDisconnect);
    await this.withEngine(flags.machine, (engine) =>
      engine.json('POST', apiPath`/networks/${args.network}/disconnect`, {
        body: { Container: args.container, Force: flags.force },
      }),
    );
  }
}
