import { apiPath } from '../engine-client/api-path.ts';
import { Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';

export default class Kill extends WherryCommand {
  static override description = 'Kill one or more running containers';
  static override usage = 'kill [OPTIONS] CONTAINER [CONTAINER...]';
  static override strict = false;
  static override flags = {
    signal: Flags.string({ char: 's', description: 'Signal to send to the container', default: 'KILL' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Kill);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      await engine.json('POST', apiPath`/containers/${name}/kill`, { query: { signal: flags.signal } });
      return name;
    });
  }
}
