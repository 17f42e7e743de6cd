import { WherryCommand } from '../../base-command.ts';
import { apiPath } from '../../engine-client/api-path.ts';

export default class NetworkRm extends WherryCommand {
  static override description = 'Remove one or more networks';
  static override usage = 'network rm NETWORK [NETWORK...]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(NetworkRm);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      await engine.json('DELETE', apiPath`/networks/${name}`);
      return name;
    });
  }
}
