import { Flags } from '@oclif/core';
import { activeMachine } from '../../../machine/active.ts';
import { WherryCommand } from '../../base-command.ts';
import { refuseSurplus } from '../../machine/names.ts';

export default class MachineActive extends WherryCommand {
  static override description = 'Print which machine is active';
  static override strict = false;
  static override flags = {
    timeout: Flags.integer({ char: 't', description: 'Timeout in seconds', default: 10 }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineActive);
    refuseSurplus(argv as string[]);
    const { machines } = await this.host();
    this.print(await activeMachine(machines, process.env, flags.timeout * 1000));
  }
}
