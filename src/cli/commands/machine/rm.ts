import { homedir } from 'node:os';
import { Flags } from '@oclif/core';
import { WherryError } from '../../../core/errors.ts';
import { publicName } from '../../../machine/public-name.ts';
import { removeMachine } from '../../../machine/rm.ts';
import { usage, WherryCommand } from '../../base-command.ts';
import { eachMachine } from '../../machine/each-machine.ts';
import { askYesOrNo } from '../../streams/ask.ts';
import { dockerConfigPath, readDockerConfig } from '../../registry/docker-config.ts';

export default class MachineRm extends WherryCommand {
  static override description = 'Remove a machine';
  static override usage = 'machine rm [OPTIONS] NAME [NAME...]';
  static override strict = false;
  static override flags = {
    force: Flags.boolean({
      char: 'f',
      description:
        'Remove local configuration even if the machine cannot be removed, also automatically say yes',
      default: false,
    }),
    yes: Flags.boolean({ char: 'y', description: 'Assume yes to the question', default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineRm);
    const names = argv as string[];
    if (names.length === 0)
      throw usage('Expected to get one or more machine names as arguments', undefined, 1);
    const { machines, reporter } = await this.host();
    this.print(
      `About to remove ${names.join(', ')}`,
      'WARNING: This action will delete both local reference and remote instance.',
    );
    if (!flags.force && !flags.yes && !(await this.confirmed())) return;
    const current = await currentContext();
    await eachMachine(names, this.terminal, this.signal, async (name) => {
      await removeMachine(machines, name, {
        force: flags.force,
        signal: this.signal,
        onLeft: (reason) => reporter.note(`"${name}" goes, though its driver could not remove it: ${reason}`),
        onNote: (text) => reporter.note(text),
      });
      if (current === publicName(machines, name)) {
        reporter.note(
          `docker's current context was this machine's. Another one:  docker context use default`,
        );
      }
      this.print(`Successfully removed ${name}`);
    });
  }

  private async confirmed(): Promise<boolean> {
    const { stdin, stdout } = this.terminal;
    return askYesOrNo('Are you sure? (y/n): ', { input: stdin, output: stdout }, this.signal);
  }
}

/** docker's own setting; a file that can't be read is docker's to complain of. */
async function currentContext(): Promise<unknown> {
  try {
    const { raw } = await readDockerConfig(dockerConfigPath(process.env, homedir()));
    return raw['currentContext'];
  } catch (error) {
    if (error instanceof WherryError) return undefined;
    throw error;
  }
}
