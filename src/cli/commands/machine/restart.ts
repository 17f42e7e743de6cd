import { restartMachine } from '../../../machine/restart.ts';
import type { Host } from '../../host.ts';
import { MachineVerbCommand } from '../../machine/verb-command.ts';

export default class MachineRestart extends MachineVerbCommand {
  static override description = 'Restart a machine';
  static override usage = 'machine restart [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    await restartMachine(host.machines, name, host.reporter, host.signal);
  }
}
