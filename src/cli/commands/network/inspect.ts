import { WherryCommand } from '../../base-command.ts';
import { inspectObjects, inspectFlags } from '../../run/inspect-objects.ts';

export default class NetworkInspect extends WherryCommand {
  static override description = 'Display detailed information on one or more networks';
  static override usage = 'network inspect [OPTIONS] NETWORK [NETWORK...]';
  static override strict = false;
  static override flags = inspectFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(NetworkInspect);
    await this.withEngine(flags.machine, (engine) =>
      inspectObjects(engine, argv as string[], { type: 'network', format: flags.format }, this.terminal),
    );
  }
}
