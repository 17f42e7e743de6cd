import { Flags } from '@oclif/core';
import { restoreSnapshot } from '../../../../machine/snapshots/snapshots.ts';
import { usage, WherryCommand } from '../../../base-command.ts';
import { refuseSurplus } from '../../../machine/names.ts';
import { askYesOrNo } from '../../../streams/ask.ts';

export default class MachineSnapshotRestore extends WherryCommand {
  static override description =
    "Bring a stopped machine's disk and settings back to a snapshot's; what it has now is lost";
  static override usage = 'machine snapshot restore [OPTIONS] MACHINE SNAPSHOT';
  static override strict = false;
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'Assume yes to the question', default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineSnapshotRestore);
    const [machine, snapshot, ...extra] = argv as string[];
    if (machine === undefined || snapshot === undefined) {
      const hint = 'See:  wherry machine snapshot restore --help';
      throw usage('restore needs two names: a machine and a snapshot of it', hint, 1);
    }
    refuseSurplus(extra);
    const { machines, reporter } = await this.host();
    await machines.store.load(machine);
    if (!flags.yes && !(await this.confirmed(machine, snapshot))) return;
    await restoreSnapshot(machines, machine, snapshot, reporter, this.signal);
  }

  private async confirmed(machine: string, snapshot: string): Promise<boolean> {
    const { stdin, stdout } = this.terminal;
    const question = `Everything that "${machine}" has now is lost. Restore "${snapshot}"? (y/n): `;
    return askYesOrNo(question, { input: stdin, output: stdout }, this.signal);
  }
}
