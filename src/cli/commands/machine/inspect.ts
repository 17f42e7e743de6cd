import { Flags } from '@oclif/core';
import { inspectMachine } from '../../../machine/inspect.ts';
import { WherryCommand } from '../../base-command.ts';
import { oneMachineMeant } from '../../machine/names.ts';
import { compileTemplate } from '../../render/template/execute.ts';

export default class MachineInspect extends WherryCommand {
  static override description = 'Inspect information about a machine';
  static override usage = 'machine inspect [NAME]';
  static override strict = false;
  static override flags = {
    format: Flags.string({ char: 'f', description: 'A Go template, e.g. {{.Driver.Memory}}' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineInspect);
    const { machines } = await this.host();
    const machine = await inspectMachine(
      machines,
      await oneMachineMeant(machines, argv as string[], this.meant(flags.machine)),
    );
    this.print(
      flags.format === undefined || flags.format === ''
        ? JSON.stringify(machine, null, 4)
        : compileTemplate(flags.format, { missing: 'error' })(machine),
    );
  }
}
