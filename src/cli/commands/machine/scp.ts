import { Args, Flags } from '@oclif/core';
import { openMachineShell } from '../../../machine/ssh.ts';
import { WherryCommand } from '../../base-command.ts';
import { copyBetween } from '../../machine/scp/copy.ts';

export default class MachineScp extends WherryCommand {
  static override description = 'Copy files between this computer and machines, or between machines';
  static override usage = 'machine scp [OPTIONS] [NAME:]PATH [NAME:]PATH';
  static override args = {
    from: Args.string({ required: true, description: 'What to copy' }),
    to: Args.string({ required: true, description: 'Where to' }),
  };
  static override flags = {
    recursive: Flags.boolean({ char: 'r', description: 'Copy files recursively', default: false }),
    delta: Flags.boolean({
      char: 'd',
      description: 'Taken for docker-machine’s sake: everything is sent',
      default: false,
    }),
    quiet: Flags.boolean({ char: 'q', description: 'Taken: nothing is printed anyway', default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MachineScp);
    const { machines, reporter } = await this.host();
    if (flags.delta) reporter.note('Note: --delta: machines have no rsync, everything is sent');
    const skipped = (name: string): void =>
      reporter.note(`Skipped ${name}: devices and FIFOs can't be made on this computer`);
    await copyBetween(
      { ...args, recursive: flags.recursive, skipped, signal: this.signal },
      (machine) => (command) => openMachineShell(machines, machine, { command }, this.signal),
    );
  }
}
