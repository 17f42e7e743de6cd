import { enableAutostart } from '../../../../machine/autostart/autostart.ts';
import type { Host } from '../../../host.ts';
import { MachineVerbCommand } from '../../../machine/verb-command.ts';

export default class MachineAutostartEnable extends MachineVerbCommand {
  static override description = 'Start a machine whenever you log in';
  static override usage = 'machine autostart enable [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    const note = await enableAutostart(host.machines, name, host.program, host.signal);
    if (note !== undefined) host.reporter.note(note);
  }
}
