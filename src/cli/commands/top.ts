import { usage, WherryCommand } from '../base-command.ts';
import { apiPath } from '../engine-client/api-path.ts';
import { alignColumns, DOCKER_TABLE } from '../render/table.ts';

export default class Top extends WherryCommand {
  static override description = 'Display the running processes of a container';
  static override usage = 'top CONTAINER [ps OPTIONS]';
  static override strict = false;
  static override optionsEndAtFirstPositional = true;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Top);
    const [container, ...psArgs] = argv as string[];
    if (container === undefined)
      throw usage('"wherry top" requires at least 1 argument.', 'See:  wherry top --help', 1);
    const { Titles, Processes } = await this.withEngine(flags.machine, (engine) =>
      engine.json<{ Titles: string[]; Processes: string[][] }>('GET', apiPath`/containers/${container}/top`, {
        query: { ps_args: psArgs.length > 0 ? psArgs.join(' ') : undefined },
      }),
    );
    this.print(
      ...alignColumns(
        [Titles, ...Processes].map((row) => row.join('\t')),
        DOCKER_TABLE,
      ),
    );
  }
}
