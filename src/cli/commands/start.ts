import { Flags } from '@oclif/core';
import { WherryError } from '../../core/errors.ts';
import { apiPath } from '../engine-client/api-path.ts';
import type { EngineClient } from '../engine-client/client.ts';
import { WherryCommand } from '../base-command.ts';
import { ExitStatus } from '../error-render.ts';
import { startAndAttach } from '../run/start-and-attach.ts';

export default class Start extends WherryCommand {
  static override description = 'Start one or more stopped containers';
  static override usage = 'start [OPTIONS] CONTAINER [CONTAINER...]';
  static override strict = false;
  static override flags = {
    attach: Flags.boolean({
      char: 'a',
      description: 'Attach STDOUT/STDERR and forward signals',
      default: false,
    }),
    interactive: Flags.boolean({ char: 'i', description: "Attach container's STDIN", default: false }),
    'detach-keys': Flags.string({ description: 'Override the key sequence for detaching a container' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Start);
    if (flags.attach || flags.interactive) {
      const [name, another] = argv as string[];
      if (another !== undefined) {
        const message = 'you cannot start and attach multiple containers at once';
        throw new WherryError({ code: 'USAGE', message, bare: true });
      }
      if (name !== undefined) return this.attached(name, flags);
    }
    await this.eachNamed(argv, flags.machine, start, 'failed to start containers');
  }

  private async attached(
    container: string,
    flags: {
      readonly machine?: string | undefined;
      readonly interactive: boolean;
      readonly 'detach-keys'?: string | undefined;
    },
  ): Promise<void> {
    const request = { container, stdin: flags.interactive, detachKeys: flags['detach-keys'] };
    const status = await this.withEngine(flags.machine, (engine) =>
      startAndAttach(engine, request, this.terminal),
    );
    if (status !== 0) throw new ExitStatus(status);
  }
}

async function start(engine: EngineClient, name: string): Promise<string> {
  await engine.json('POST', apiPath`/containers/${name}/start`);
  return name;
}
