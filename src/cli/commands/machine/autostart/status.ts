import { isAutostarted } from '../../../../machine/autostart/autostart.ts';
import type { Host } from '../../../host.ts';
import { MachineVerbCommand } from '../../../machine/verb-command.ts';

export default class MachineAutostartStatus extends MachineVerbCommand {
  static override description = 'Print whether a machine starts when you log in: enabled or disabled';
  static override usage = 'machine autostart status [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    this.print((await isAutostarted(host.machines, name)) ? 'enabled' : 'disabled');
  }
}
