import { killMachine } from '../../../machine/stop.ts';
import type { Host } from '../../host.ts';
import { MachineVerbCommand } from '../../machine/verb-command.ts';

export default class MachineKill extends MachineVerbCommand {
  static override description = 'Kill a machine';
  static override usage = 'machine kill [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    await killMachine(host.machines, name, host.reporter);
  }
}
