import { Flags } from '@oclif/core';
import { WherryCommand } from '../../base-command.ts';
import { apiPath } from '../../engine-client/api-path.ts';
import { EngineAnswerError } from '../../engine-client/client.ts';

export default class NetworkRm extends WherryCommand {
  static override description = 'Remove one or more networks';
  static override usage = 'NETWORK [NETWORK...]';
  static override aliases = ['network:remove'];
  static override strict = false;
  static override flags = {
    force: Flags.boolean({
      char: 'f',
      description: 'Do not error if the network does not exist',
      default: false,
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(NetworkRm);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      try {
        await engine.json('DELETE', apiPath`/networks/${name}`);
      } catch (error) {
        if (!flags.force || !(error instanceof EngineAnswerError) || error.status !== 404) throw error;
      }
      return name;
    });
  }
}
