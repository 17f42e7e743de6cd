import { startMachine } from '../../../machine/start.ts';
import type { Host } from '../../host.ts';
import { MachineVerbCommand } from '../../machine/verb-command.ts';

export default class MachineStart extends MachineVerbCommand {
  static override description = 'Start a machine';
  static override usage = 'machine start [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    await startMachine(host.machines, name, host.reporter, host.signal);
  }
}
