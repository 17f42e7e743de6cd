import { usage, WherryCommand } from '../base-command.ts';
import { runFlags } from '../flags/run-flags.ts';
import { createBody } from '../run/create-body.ts';
import { environmentWithProxies } from '../run/proxy-variables.ts';
import { createContainer } from '../run/run-container.ts';

export default class Create extends WherryCommand {
  static override description = 'Create a new container, without starting it';
  static override usage = 'create [OPTIONS] IMAGE [COMMAND] [ARG...]';
  static override strict = false;
  static override optionsEndAtFirstPositional = true;
  static override flags = runFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Create);
    const [image, ...command] = argv as string[];
    if (image === undefined)
      throw usage('"wherry create" requires at least 1 argument.', 'See:  wherry create --help', 1);
    const env = await environmentWithProxies(await this.host(), flags);
    const body = createBody(image, command, { ...flags, env, detach: false }, process.env);
    const id = await this.withEngine(flags.machine, (engine) =>
      createContainer(engine, { image, body, flags: { ...flags, detach: false } }, this.terminal),
    );
    this.print(id);
  }
}
