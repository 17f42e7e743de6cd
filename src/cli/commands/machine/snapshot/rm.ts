import { dropSnapshot } from '../../../../machine/snapshots/snapshots.ts';
import { usage, WherryCommand } from '../../../base-command.ts';
import { eachMachine } from '../../../machine/each-machine.ts';

export default class MachineSnapshotRm extends WherryCommand {
  static override description = 'Remove snapshots of a machine';
  static override usage = 'machine snapshot rm MACHINE SNAPSHOT [SNAPSHOT...]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv } = await this.parse(MachineSnapshotRm);
    const [machine, ...snapshots] = argv as string[];
    if (machine === undefined || snapshots.length === 0) {
      throw usage('rm needs a machine and snapshots of it', 'See:  wherry machine snapshot rm --help', 1);
    }
    const { machines } = await this.host();
    await eachMachine(snapshots, this.terminal, this.signal, async (snapshot) => {
      await dropSnapshot(machines, machine, snapshot, this.signal);
      this.print(snapshot);
    });
  }
}
