import { WherryCommand } from '../base-command.ts';
import { ExitStatus, renderError } from '../error-render.ts';
import type { Host } from '../host.ts';
import { globalFlags } from '../invocation.ts';
import { machinesMeant } from './names.ts';

/** A verb that is done to each of the machines named (`start a b`), or to the one meant where none is. */
export abstract class MachineVerbCommand extends WherryCommand {
  static override strict = false;

  protected abstract act(host: Host, name: string): Promise<void>;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse({ baseFlags: WherryCommand.baseFlags, strict: false });
    const host = await this.host();
    const names = await machinesMeant(host.machines, argv as string[], this.meant(flags.machine));
    let status = 0;
    for (const name of names) {
      try {
        await this.act(host, name);
      } catch (error) {
        // The others are still tried; docker-machine does so, too.
        status = renderError(error, this.terminal.stderr, globalFlags().debug);
      }
    }
    if (status !== 0) throw new ExitStatus(status);
  }
}
