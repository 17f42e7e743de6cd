import { apiPath } from '../engine-client/api-path.ts';
import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { timestamp } from '../flags/timestamp.ts';
import { copyRaw, demultiplex } from '../streams/demultiplex.ts';

export default class Logs extends WherryCommand {
  static override description = 'Fetch the logs of a container';
  static override args = { container: Args.string({ required: true }) };
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'Follow log output', default: false }),
    tail: Flags.string({
      char: 'n',
      description: 'Number of lines to show from the end of the logs',
      default: 'all',
    }),
    timestamps: Flags.boolean({ char: 't', description: 'Show timestamps', default: false }),
    since: Flags.string({
      description: 'Show logs since timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m)',
    }),
    until: Flags.string({ description: 'Show logs before a timestamp or relative' }),
    details: Flags.boolean({ description: 'Show extra details provided to logs', default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    await this.withEngine(flags.machine, async (engine) => {
      const answer = await engine.stream('GET', apiPath`/containers/${args.container}/logs`, {
        query: {
          stdout: 1,
          stderr: 1,
          follow: flags.follow ? 1 : undefined,
          tail: flags.tail,
          timestamps: flags.timestamps ? 1 : undefined,
          since: timestamp(flags.since),
          until: timestamp(flags.until),
          details: flags.details ? 1 : undefined,
        },
        signal: this.signal,
      });
      const isRaw = answer.headers['content-type'] === 'application/vnd.docker.raw-stream';
      await (isRaw
        ? copyRaw(answer, this.terminal.stdout)
        : demultiplex(answer, this.terminal.stdout, this.terminal.stderr));
    });
  }
}
