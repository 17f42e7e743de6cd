import { apiPath } from '../engine-client/api-path.ts';
import { WherryCommand } from '../base-command.ts';
import { stopFlags } from '../flags/stop-flags.ts';

export default class Restart extends WherryCommand {
  static override description = 'Restart one or more containers';
  static override usage = 'restart [OPTIONS] CONTAINER [CONTAINER...]';
  static override strict = false;
  static override flags = stopFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Restart);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      await engine.json('POST', apiPath`/containers/${name}/restart`, {
        query: { signal: flags.signal, t: flags.time },
      });
      return name;
    });
  }
}
