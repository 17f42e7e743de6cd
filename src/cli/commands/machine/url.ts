import { machineUrl } from '../../../machine/machine-url.ts';
import type { Host } from '../../host.ts';
import { MachineVerbCommand } from '../../machine/verb-command.ts';

export default class MachineUrl extends MachineVerbCommand {
  static override description = 'Get the URL of a machine';
  static override usage = 'machine url [NAME...]';

  protected override async act(host: Host, name: string): Promise<void> {
    this.print(await machineUrl(host.machines, name));
  }
}
