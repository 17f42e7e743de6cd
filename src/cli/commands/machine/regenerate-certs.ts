import { Flags } from '@oclif/core';
import { regenerateCerts } from '../../../machine/regenerate-certs.ts';
import { WherryCommand } from '../../base-command.ts';
import { eachMachine } from '../../machine/each-machine.ts';
import { machinesMeant } from '../../machine/names.ts';
import { askYesOrNo } from '../../streams/ask.ts';

export default class MachineRegenerateCerts extends WherryCommand {
  static override description =
    "Make a machine's keys anew: here they are SSH's, the server's and yours. A machine that runs is restarted";
  static override usage = 'machine regenerate-certs [OPTIONS] [NAME...]';
  static override strict = false;
  static override flags = {
    force: Flags.boolean({ char: 'f', description: "Don't ask", default: false }),
    'client-certs': Flags.boolean({ description: 'Taken, and no different: always both', default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineRegenerateCerts);
    const { machines, reporter } = await this.host();
    const names = await machinesMeant(machines, argv as string[], this.meant(flags.machine));
    if (!flags.force && !(await this.confirmed())) return;
    this.print('Regenerating TLS certificates');
    await eachMachine(names, this.terminal, this.signal, (name) =>
      regenerateCerts(machines, name, reporter, this.signal),
    );
  }

  private async confirmed(): Promise<boolean> {
    const question = 'Regenerate TLS machine certs?  Warning: this is irreversible. (y/n): ';
    const { stdin, stdout } = this.terminal;
    return askYesOrNo(question, { input: stdin, output: stdout }, this.signal);
  }
}
