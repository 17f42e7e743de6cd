import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../base-command.ts';
import { ExitStatus } from '../error-render.ts';
import { attachContainer } from '../run/attach-container.ts';

export default class Attach extends WherryCommand {
  static override description =
    'Attach local standard input, output, and error streams to a running container';
  static override usage = 'attach [OPTIONS] CONTAINER';
  static override args = { container: Args.string({ required: true }) };
  static override flags = {
    'detach-keys': Flags.string({ description: 'Override the key sequence for detaching a container' }),
    'no-stdin': Flags.boolean({ description: 'Do not attach STDIN', default: false }),
    'sig-proxy': Flags.boolean({
      description: 'Proxy all received signals to the process',
      default: true,
      allowNo: true,
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Attach);
    const status = await this.withEngine(flags.machine, (engine) =>
      attachContainer(
        engine,
        {
          container: args.container,
          stdin: !flags['no-stdin'],
          sigProxy: flags['sig-proxy'],
          detachKeys: flags['detach-keys'],
        },
        this.terminal,
      ),
    );
    if (status !== 0) throw new ExitStatus(status);
  }
}
