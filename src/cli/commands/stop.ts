import { apiPath } from '../engine-client/api-path.ts';
import { WherryCommand } from '../base-command.ts';
import { stopFlags } from '../flags/stop-flags.ts';

export default class Stop extends WherryCommand {
  static override description = 'Stop one or more running containers';
  static override usage = 'stop [OPTIONS] CONTAINER [CONTAINER...]';
  static override strict = false;
  static override flags = stopFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Stop);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      await engine.json('POST', apiPath`/containers/${name}/stop`, {
        query: { signal: flags.signal, t: flags.time },
      });
      return name;
    });
  }
}
