import { stopMachine } from '../../../machine/stop.ts';
import type { Host } from '../../host.ts';
import { MachineVerbCommand } from '../../machine/verb-command.ts';

export default class MachineStop extends MachineVerbCommand {
  static override description = 'Stop a machine';
  static override usage = 'machine stop [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    await stopMachine(host.machines, name, host.reporter);
  }
}
