import { Flags } from '@oclif/core';
import { machineEnv, machineEnvUnset, refuseNames } from '../../../machine/env.ts';
import { detectShell } from '../../../machine/shells.ts';
import { ancestors } from '../../../platform/ancestors.ts';
import { WherryCommand } from '../../base-command.ts';
import { oneMachineMeant } from '../../machine/names.ts';

export default class MachineEnv extends WherryCommand {
  static override description = 'Print the commands that set up the shell for a docker client';
  static override usage = 'machine env [OPTIONS] [NAME]';
  static override strict = false;
  static override flags = {
    shell: Flags.string({
      description: 'bash, zsh, fish, powershell, cmd, tcsh or emacs; detected if left out',
    }),
    unset: Flags.boolean({
      char: 'u',
      description: 'Unset variables instead of setting them',
      default: false,
    }),
    'no-proxy': Flags.boolean({ description: 'Add the machine to NO_PROXY', default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineEnv);
    const { machines } = await this.host();
    const names = argv as string[];
    // docker-machine's order: a name too many is told before the shell is looked for.
    if (flags.unset) refuseNames(names);
    const request = {
      shell: flags.shell ?? detectShell(process.env, process.platform, await ancestors()),
      noProxy: flags['no-proxy'],
      env: process.env,
      platform: process.platform,
      command: ['wherry', 'machine', 'env', ...this.argv].join(' '),
    };
    this.terminal.stdout.write(
      flags.unset
        ? machineEnvUnset(request)
        : await machineEnv(
            machines,
            await oneMachineMeant(machines, names, this.meant(flags.machine)),
            request,
          ),
    );
  }
}
