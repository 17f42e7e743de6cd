import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
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
      const answer = await engine.stream('GET', `/containers/${args.container}/logs`, {
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

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Seconds since the epoch from a relative duration (`1h30m`), a date, or seconds; as the API wants it. */
function timestamp(text: string | undefined): string | undefined {
  if (text === undefined || /^\d+(\.\d+)?$/.test(text)) return text;
  if (/^(\d+(\.\d+)?[smh])+$/.test(text)) {
    const seconds = [...text.matchAll(/(\d+(?:\.\d+)?)([smh])/g)]
      .map(([, amount, unit]) => Number(amount) * (UNITS[unit ?? 's'] ?? 1))
      .reduce((total, part) => total + part, 0);
    return String(Date.now() / 1000 - seconds);
  }
  return String(Date.parse(text) / 1000);
}
