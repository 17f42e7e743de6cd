import { upgradeMachine } from '../../../machine/upgrade.ts';
import type { Host } from '../../host.ts';
import { MachineVerbCommand } from '../../machine/verb-command.ts';

export default class MachineUpgrade extends MachineVerbCommand {
  static override description =
    'Move a machine to the newest VM image, composed from what Debian offers today and the engine of this Wherry; back to its old one if it does not come up. It runs afterwards';
  static override usage = 'machine upgrade [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    await upgradeMachine(host.machines, name, host.reporter, host.signal);
  }
}
