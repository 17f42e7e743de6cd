import { machineStatus } from '../../../machine/status.ts';
import type { Host } from '../../host.ts';
import { MachineVerbCommand } from '../../machine/verb-command.ts';

export default class MachineStatus extends MachineVerbCommand {
  static override description = 'Get the status of a machine';
  static override usage = 'machine status [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    this.print(await machineStatus(host.machines, name));
  }
}
