import { apiPath } from '../engine-client/api-path.ts';
import { WherryCommand } from '../base-command.ts';

export default class Start extends WherryCommand {
  static override description = 'Start one or more stopped containers';
  static override usage = 'start CONTAINER [CONTAINER...]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Start);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      await engine.json('POST', apiPath`/containers/${name}/start`);
      return name;
    });
  }
}
