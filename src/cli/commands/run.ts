import { Flags } from '@oclif/core';
import { WherryCommand, usage } from '../base-command.ts';
import { ExitStatus } from '../error-render.ts';
import { runFlags } from '../flags/run-flags.ts';
import type { Narrator } from '../explain/narrator.ts';
import type { EngineClient } from '../engine-client/client.ts';
import { createBody } from '../run/create-body.ts';
import { environmentWithProxies } from '../run/proxy-variables.ts';
import { asRunFailure, runContainer } from '../run/run-container.ts';

export default class Run extends WherryCommand {
  static override description = 'Create and run a new container from an image';
  static override usage = 'run [OPTIONS] IMAGE [COMMAND] [ARG...]';
  static override strict = false;
  static override optionsEndAtFirstPositional = true;
  static override flags = {
    ...runFlags,
    detach: Flags.boolean({
      char: 'd',
      description: 'Run container in background and print container ID',
      default: false,
    }),
    'sig-proxy': Flags.boolean({
      description: 'Proxy received signals to the process',
      default: true,
      allowNo: true,
    }),
    explain: Flags.boolean({
      description: 'Tell on stderr what is done for the container, with real values, as it happens',
      default: false,
    }),
    format: Flags.string({ description: 'With --explain: json', options: ['json'], dependsOn: ['explain'] }),
    yes: Flags.boolean({
      description: 'Consent to install what is missing on this computer (QEMU)',
      default: false,
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Run);
    const [image, ...command] = argv as string[];
    if (image === undefined)
      throw usage('"wherry run" requires at least 1 argument.', 'See:  wherry run --help', 1);
    if (flags.tty && flags.interactive && !flags.detach && !this.terminal.stdin.isTTY) {
      throw usage('the input device is not a TTY');
    }
    const env = await environmentWithProxies(await this.host(), flags);
    const body = createBody(image, command, { ...flags, env }, process.env);
    const status = await this.runIn(flags.machine, flags.yes, async (engine) =>
      runContainer(
        engine,
        { image, body, flags, narrator: flags.explain ? await this.narrator(engine, flags) : undefined },
        this.terminal,
      ),
    );
    if (status !== 0) throw new ExitStatus(status);
  }

  private async narrator(
    engine: EngineClient,
    flags: { readonly machine?: string | undefined; readonly format?: string | undefined },
  ): Promise<Narrator> {
    const { narrator } = await import('../explain/narrator.ts');
    const host = await this.host();
    return narrator(engine, host.machineName(flags.machine), flags.format, this.terminal);
  }

  private async runIn(
    machine: string | undefined,
    yes: boolean,
    body: (engine: EngineClient) => Promise<number>,
  ): Promise<number> {
    try {
      const host = await this.host();
      await host.ensureRunning(machine, { yes });
      return await this.withEngine(machine, body);
    } catch (error) {
      throw asRunFailure(error);
    }
  }
}
