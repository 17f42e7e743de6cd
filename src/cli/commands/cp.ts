import { Flags } from '@oclif/core';
import { humanSize } from '../../core/units.ts';
import { WherryCommand, usage } from '../base-command.ts';
import { copyError, parseCopyArgument } from '../copy/argument.ts';

export default class Cp extends WherryCommand {
  static override description = 'Copy files/folders between a container and the local filesystem';
  static override usage = [
    'cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-',
    'cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  ];
  static override strict = false;
  static override flags = {
    archive: Flags.boolean({
      char: 'a',
      description: 'Archive mode (copy all uid/gid information)',
      default: false,
    }),
    'follow-link': Flags.boolean({
      char: 'L',
      description: 'Always follow symbol link in SRC_PATH',
      default: false,
    }),
    quiet: Flags.boolean({
      char: 'q',
      description: 'Suppress what is told of the copy; without a terminal nothing is',
      default: false,
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Cp);
    const [source, destination, ...more] = argv as string[];
    if (source === undefined || destination === undefined || more.length > 0)
      throw usage('"wherry cp" requires exactly 2 arguments.', 'See:  wherry cp --help', 1);
    if (source === '') throw copyError('source can not be empty');
    if (destination === '') throw copyError('destination can not be empty');
    const [from, to] = [parseCopyArgument(source), parseCopyArgument(destination)];
    if (from.container !== '' && to.container !== '')
      throw copyError('copying between containers is not supported');
    if (from.container === '' && to.container === '')
      throw copyError('must specify at least one container source');
    const follow = flags['follow-link'];
    const done = await this.withEngine(flags.machine, async (engine) => {
      if (from.container !== '') {
        const { copyFromContainer } = await import('../copy/copy-out.ts');
        return await copyFromContainer(engine, from, to.path, { follow }, this.terminal);
      }
      const { copyToContainer } = await import('../copy/copy-in.ts');
      return await copyToContainer(engine, from.path, to, { follow, archive: flags.archive }, this.terminal);
    });
    if (done === undefined || flags.quiet || !this.terminal.stdout.isTTY) return;
    this.terminal.stderr.write(`Successfully copied ${humanSize(done.bytes, 3)} to ${done.target}\n`);
  }
}
