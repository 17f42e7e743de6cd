import { humanSize } from '../../../../core/units.ts';
import { WherryCommand } from '../../../base-command.ts';

export default class MachineImagePrune extends WherryCommand {
  static override description = 'Remove every VM image that no machine uses';

  async run(): Promise<void> {
    await this.parse(MachineImagePrune);
    const host = await this.host();
    const { removed, bytes } = await (await host.composer()).prune(host.imageUsers);
    this.print(...removed.map((id) => `Deleted: ${id}`), `Total reclaimed space: ${humanSize(bytes, 4)}`);
  }
}
