import { machineClientFlags } from '../../../machine/config.ts';
import { WherryCommand } from '../../base-command.ts';
import { oneMachineMeant } from '../../machine/names.ts';

export default class MachineConfig extends WherryCommand {
  static override description = "Print the docker client's flags for a machine";
  static override usage = 'machine config [NAME]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineConfig);
    const { machines } = await this.host();
    const name = await oneMachineMeant(machines, argv as string[], this.meant(flags.machine));
    this.print(...(await machineClientFlags(machines, name)));
  }
}
