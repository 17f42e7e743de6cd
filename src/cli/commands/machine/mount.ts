import { Flags } from '@oclif/core';
import { WherryError } from '../../../core/errors.ts';
import { usage, WherryCommand } from '../../base-command.ts';

/** docker-machine's verb. Its way, sshfs on this computer, needs an SFTP server in the machine. */
export default class MachineMount extends WherryCommand {
  static override description =
    'Mount a directory of a machine on this computer (not built yet: run -v is the other way round)';
  static override usage = 'machine mount [OPTIONS] NAME:PATH [MOUNTPOINT]';
  static override strict = false;
  static override flags = {
    unmount: Flags.boolean({ char: 'u', description: 'Unmount instead of mount', default: false }),
  };

  async run(): Promise<void> {
    const { argv } = await this.parse(MachineMount);
    const [source] = argv as string[];
    if (source === undefined) throw usage('Expected NAME:PATH', 'See:  wherry machine mount --help', 1);
    const [name = '', path = ''] = source.split(/:(.*)/s);
    const host = await this.host();
    await host.machines.store.load(name);
    throw new WherryError({
      code: 'NOT_SUPPORTED',
      message: `machine mount is not built yet: "${name}" has no SFTP server that sshfs could mount ${path || '/'} from`,
      hint: `Copy with:  wherry machine scp -r ${source} .\nOr give a container a directory of this computer's:  wherry run -v PATH:/there …`,
    });
  }
}
