import { machineIp } from '../../../machine/machine-url.ts';
import type { Host } from '../../host.ts';
import { MachineVerbCommand } from '../../machine/verb-command.ts';

export default class MachineIp extends MachineVerbCommand {
  static override description = 'Get the IP address of a machine';
  static override usage = 'machine ip [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    this.print(await machineIp(host.machines, name));
  }
}
