import { apiPath } from '../engine-client/api-path.ts';
import { Flags } from '@oclif/core';
import { WherryCommand, usage } from '../base-command.ts';
import { eachName } from '../run/each-name.ts';

export default class Kill extends WherryCommand {
  static override description = 'Kill one or more running containers';
  static override usage = 'kill [OPTIONS] CONTAINER [CONTAINER...]';
  static override strict = false;
  static override flags = {
    signal: Flags.string({ char: 's', description: 'Signal to send to the container', default: 'KILL' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Kill);
    if (argv.length === 0)
      throw usage('"wherry kill" requires at least 1 argument.', 'See:  wherry kill --help');
    await this.withEngine(flags.machine, (engine) =>
      eachName(argv as string[], this.terminal, async (name) => {
        await engine.json('POST', apiPath`/containers/${name}/kill`, { query: { signal: flags.signal } });
        return name;
      }),
    );
  }
}
