import { createSnapshot } from '../../../../machine/snapshots/snapshots.ts';
import { usage, WherryCommand } from '../../../base-command.ts';
import { refuseSurplus } from '../../../machine/names.ts';

export default class MachineSnapshotCreate extends WherryCommand {
  static override description =
    "Keep a stopped machine's disk and settings under a name; without one it is the time";
  static override usage = 'machine snapshot create MACHINE [SNAPSHOT]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv } = await this.parse(MachineSnapshotCreate);
    const [machine, snapshot, ...extra] = argv as string[];
    if (machine === undefined) {
      throw usage('No machine name specified', 'See:  wherry machine snapshot create --help', 1);
    }
    refuseSurplus(extra);
    const { machines, reporter } = await this.host();
    this.print(await createSnapshot(machines, machine, snapshot, reporter, this.signal));
  }
}
