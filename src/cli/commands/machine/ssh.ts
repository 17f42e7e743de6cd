import { Flags } from '@oclif/core';
import { WherryCommand } from '../../base-command.ts';
import { ExitStatus } from '../../error-render.ts';
import { globalFlags } from '../../invocation.ts';
import { splitSshWords } from '../../machine/ssh-words.ts';
import { runMachineShell } from '../../machine/shell-session.ts';
import { machinesMeant } from '../../machine/names.ts';
import { systemSshArgv } from '../../../machine/ssh.ts';
import { systemExec } from '../../../platform/exec.ts';

export default class MachineSsh extends WherryCommand {
  static override description = 'Log into or run a command on a machine with SSH';
  static override usage = 'machine ssh [NAME] [ssh options] [--] [COMMAND...]';
  static override strict = false;
  static override optionsEndAtFirstPositional = true;
  static override flags = {
    'native-ssh': Flags.boolean({ description: 'Never use the ssh program', default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineSsh);
    const { machines } = await this.host();
    const [first, ...rest] = argv as string[];
    const [name = ''] = await machinesMeant(
      machines,
      first === undefined ? [] : [first],
      this.meant(flags.machine),
    );
    const { options, command } = splitSshWords(rest);
    const isNative = flags['native-ssh'] || globalFlags().nativeSsh || options.length === 0;
    const status = isNative
      ? await runMachineShell(machines, name, command, this.terminal, this.signal)
      : (await systemExec.run(await systemSshArgv(machines, name, options, command), { stdio: 'inherit' }))
          .exitCode;
    if (status !== 0) throw new ExitStatus(status ?? 255);
  }
}
