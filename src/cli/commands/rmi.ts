import { apiPath } from '../engine-client/api-path.ts';
import { Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';

export default class Rmi extends WherryCommand {
  static override description = 'Remove one or more images';
  static override usage = 'rmi [OPTIONS] IMAGE [IMAGE...]';
  static override strict = false;
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'Force removal of the image', default: false }),
    'no-prune': Flags.boolean({ description: 'Do not delete untagged parents', default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Rmi);
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      const done = await engine.json<{ Untagged?: string; Deleted?: string }[]>(
        'DELETE',
        apiPath`/images/${name}`,
        {
          query: { force: flags.force ? 1 : undefined, noprune: flags['no-prune'] ? 1 : undefined },
        },
      );
      return done.map(({ Deleted, Untagged }) =>
        Deleted === undefined ? `Untagged: ${Untagged}` : `Deleted: ${Deleted}`,
      );
    });
  }
}
