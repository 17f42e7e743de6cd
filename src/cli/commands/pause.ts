import { apiPath } from '../engine-client/api-path.ts';
import { WherryCommand } from '../base-command.ts';

export default class Pause extends WherryCommand {
  static override description = 'Pause all processes within one or more containers';
  static override usage = 'pause CONTAINER [CONTAINER...]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Pause);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      await engine.json('POST', apiPath`/containers/${name}/pause`);
      return name;
    });
  }
}
