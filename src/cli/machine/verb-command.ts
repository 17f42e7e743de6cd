import { WherryCommand } from '../base-command.ts';
import type { Host } from '../host.ts';
import { eachMachine } from './each-machine.ts';
import { machinesMeant } from './names.ts';

/** A verb that is done to each of the machines named (`start a b`), or to the one meant where none is. */
export abstract class MachineVerbCommand extends WherryCommand {
  static override strict = false;

  protected abstract act(host: Host, name: string): Promise<void>;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse({ baseFlags: WherryCommand.baseFlags, strict: false });
    const host = await this.host();
    const names = await machinesMeant(host.machines, argv as string[], this.meant(flags.machine));
    await eachMachine(names, this.terminal, this.signal, (name) => this.act(host, name));
  }
}
