import { apiPath } from '../engine-client/api-path.ts';
import { Flags } from '@oclif/core';
import { WherryCommand, usage } from '../base-command.ts';
import { eachName } from '../run/each-name.ts';

export default class Stop extends WherryCommand {
  static override description = 'Stop one or more running containers';
  static override usage = 'stop [OPTIONS] CONTAINER [CONTAINER...]';
  static override strict = false;
  static override flags = {
    signal: Flags.string({ char: 's', description: 'Signal to send to the container' }),
    time: Flags.integer({
      char: 't',
      description: 'Seconds to wait before killing the container',
      aliases: ['timeout'],
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Stop);
    if (argv.length === 0)
      throw usage('"wherry stop" requires at least 1 argument.', 'See:  wherry stop --help');
    await this.withEngine(flags.machine, (engine) =>
      eachName(argv as string[], this.terminal, async (name) => {
        await engine.json('POST', apiPath`/containers/${name}/stop`, {
          query: { signal: flags.signal, t: flags.time },
        });
        return name;
      }),
    );
  }
}
