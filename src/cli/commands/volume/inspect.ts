import { WherryCommand } from '../../base-command.ts';
import { inspectFlags, inspectObjects } from '../../run/inspect-objects.ts';

export default class VolumeInspect extends WherryCommand {
  static override description = 'Display detailed information on one or more volumes';
  static override usage = 'volume inspect [OPTIONS] VOLUME [VOLUME...]';
  static override strict = false;
  static override flags = inspectFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(VolumeInspect);
    await this.withEngine(flags.machine, (engine) =>
      inspectObjects(engine, argv as string[], { type: 'volume', format: flags.format }, this.terminal),
    );
  }
}
