import { cloneMachine } from '../../../machine/clone.ts';
import { usage, WherryCommand } from '../../base-command.ts';
import { refuseSurplus } from '../../machine/names.ts';

export default class MachineClone extends WherryCommand {
  static override description =
    "Make a stopped machine's like: same settings, a copy of its disk, keys of its own. Containers that publish ports publish the same ones: only one of the two gets them";
  static override usage = 'machine clone SOURCE NAME';
  static override strict = false;

  async run(): Promise<void> {
    const { argv } = await this.parse(MachineClone);
    const [source, target, ...extra] = argv as string[];
    if (source === undefined || target === undefined) {
      throw usage('clone needs two names: the machine and its clone', 'See:  wherry machine clone --help', 1);
    }
    refuseSurplus(extra);
    const { machines, reporter } = await this.host();
    await cloneMachine(machines, { source, target }, reporter, this.signal);
    this.print(target);
  }
}
