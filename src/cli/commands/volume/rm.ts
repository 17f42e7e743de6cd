import { Flags } from '@oclif/core';
import { WherryCommand } from '../../base-command.ts';
import { apiPath } from '../../engine-client/api-path.ts';

export default class VolumeRm extends WherryCommand {
  static override description = 'Remove one or more volumes';
  static override usage = '[OPTIONS] VOLUME [VOLUME...]';
  static override aliases = ['volume:remove'];
  static override strict = false;
  static override flags = {
    force: Flags.boolean({
      char: 'f',
      description: "Don't complain of a volume that isn't there",
      default: false,
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(VolumeRm);
    const query = { force: flags.force ? 1 : undefined };
    await this.eachNamed(argv, flags.machine, async (engine, name) => {
      await engine.json('DELETE', apiPath`/volumes/${name}`, { query });
      return name;
    });
  }
}
