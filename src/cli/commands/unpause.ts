import { apiPath } from '../engine-client/api-path.ts';
import { WherryCommand } from '../base-command.ts';

export default class Unpause extends WherryCommand {
  static override description = 'Unpause all processes within one or more containers';
  static override usage = 'unpause CONTAINER [CONTAINER...]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Unpause);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      await engine.json('POST', apiPath`/containers/${name}/unpause`);
      return name;
    });
  }
}
