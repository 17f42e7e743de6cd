import { usage, WherryCommand } from '../../../base-command.ts';
import { eachName } from '../../../run/each-name.ts';

export default class MachineImageRm extends WherryCommand {
  static override description = 'Remove VM images that no machine uses';
  static override usage = 'machine image rm IMAGE [IMAGE...]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv } = await this.parse(MachineImageRm);
    if (argv.length === 0)
      throw usage('"wherry machine image rm" requires at least 1 argument.', undefined, 1);
    const host = await this.host();
    const composer = await host.composer();
    await eachName(argv as string[], this.terminal, async (given) => {
      const id = await composer.resolve(given);
      await composer.remove(id, host.imageUsers);
      return `Deleted: ${id}`;
    });
  }
}
