import { Flags } from '@oclif/core';
import { WherryCommand, usage } from '../base-command.ts';
import { ExitStatus } from '../error-render.ts';
import { execInContainer } from '../run/exec-in-container.ts';
import { repeated } from '../flags/repeated.ts';

export default class Exec extends WherryCommand {
  static override description = 'Execute a command in a running container';
  static override usage = 'exec [OPTIONS] CONTAINER COMMAND [ARG...]';
  static override strict = false;
  static override optionsEndAtFirstPositional = true;
  static override flags = {
    interactive: Flags.boolean({
      char: 'i',
      description: 'Keep STDIN open even if not attached',
      default: false,
    }),
    tty: Flags.boolean({ char: 't', description: 'Allocate a pseudo-TTY', default: false }),
    detach: Flags.boolean({
      char: 'd',
      description: 'Detached mode: run command in the background',
      default: false,
    }),
    env: Flags.string({
      char: 'e',
      description: 'Set environment variables',
      ...repeated,
    }),
    'env-file': Flags.string({
      description: 'Read in a file of environment variables',
      ...repeated,
    }),
    'detach-keys': Flags.string({ description: 'Override the key sequence for detaching a container' }),
    workdir: Flags.string({ char: 'w', description: 'Working directory inside the container' }),
    user: Flags.string({ char: 'u', description: 'Username or UID (format: "<name|uid>[:<group|gid>]")' }),
    privileged: Flags.boolean({ description: 'Give extended privileges to the command', default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Exec);
    const [container, ...command] = argv as string[];
    if (container === undefined || command.length === 0) {
      throw usage('"wherry exec" requires at least 2 arguments.', 'See:  wherry exec --help', 1);
    }
    if (flags.tty && flags.interactive && !flags.detach && !this.terminal.stdin.isTTY) {
      throw usage('the input device is not a TTY');
    }
    const status = await this.withEngine(flags.machine, (engine) =>
      execInContainer(engine, { container, command, flags }, this.terminal),
    );
    if (status !== 0) throw new ExitStatus(status);
  }
}
