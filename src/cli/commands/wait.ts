import { apiPath } from '../engine-client/api-path.ts';
import { WherryCommand } from '../base-command.ts';

export default class Wait extends WherryCommand {
  static override description = 'Block until one or more containers stop, then print their exit codes';
  static override usage = 'wait CONTAINER [CONTAINER...]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Wait);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      const { StatusCode } = await engine.json<{ StatusCode: number }>(
        'POST',
        apiPath`/containers/${name}/wait`,
      );
      return String(StatusCode);
    });
  }
}
