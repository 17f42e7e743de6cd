import { loadMachine, requireRunning } from '../../../machine/lifecycle.ts';
import { restartMachine } from '../../../machine/restart.ts';
import type { Host } from '../../host.ts';
import { MachineVerbCommand } from '../../machine/verb-command.ts';

export default class MachineProvision extends MachineVerbCommand {
  static override description =
    'Set up a running machine anew: everything that a VM is given, it is given when it starts, so this restarts it';
  static override usage = 'machine provision [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    requireRunning(await loadMachine(host.machines, name));
    await restartMachine(host.machines, name, host.reporter, host.signal);
  }
}
