import { disableAutostart } from '../../../../machine/autostart/autostart.ts';
import type { Host } from '../../../host.ts';
import { MachineVerbCommand } from '../../../machine/verb-command.ts';

export default class MachineAutostartDisable extends MachineVerbCommand {
  static override description = "Don't start a machine any more when you log in; one that runs goes on";
  static override usage = 'machine autostart disable [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    await disableAutostart(host.machines, name, host.program, host.signal);
  }
}
