import { Flags } from '@oclif/core';
import { apiPath } from '../engine-client/api-path.ts';
import { WherryCommand, usage } from '../base-command.ts';
import { limitFields, limitFlags } from '../flags/limits.ts';
import { restartPolicy } from '../flags/restart.ts';

export default class Update extends WherryCommand {
  static override description = 'Update configuration of one or more containers';
  static override usage = 'update [OPTIONS] CONTAINER [CONTAINER...]';
  static override strict = false;
  static override flags = {
    ...limitFlags,
    restart: Flags.string({ description: 'Restart policy to apply when a container exits' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Update);
    const body = {
      ...limitFields(flags),
      ...(flags.restart === undefined ? {} : { RestartPolicy: restartPolicy(flags.restart) }),
    };
    if (Object.keys(body).length === 0) {
      throw usage('you must provide one or more flags when using this command', undefined, 1);
    }
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      const { Warnings } = await engine.json<{ Warnings: string[] | null }>(
        'POST',
        apiPath`/containers/${name}/update`,
        { body },
      );
      for (const warning of Warnings ?? []) this.terminal.stderr.write(`${warning}\n`);
      return name;
    });
  }
}
