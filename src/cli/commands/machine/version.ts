import { connectEngine } from '../../../machine/connect.ts';
import { engineVersion } from '../../../machine/engine-version.ts';
import { loadMachine, requireRunning } from '../../../machine/lifecycle.ts';
import { wherryVersion } from '../../../platform/version.ts';
import { WherryCommand } from '../../base-command.ts';
import { refuseSurplus } from '../../machine/names.ts';

export default class MachineVersion extends WherryCommand {
  static override description = "Show Wherry's version, or that of a machine's engine";
  static override usage = 'machine version [NAME]';
  static override strict = false;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineVersion);
    const [name, ...extra] = [...(argv as string[]), ...(flags.machine === undefined ? [] : [flags.machine])];
    refuseSurplus(extra);
    if (name === undefined) return this.print(`wherry version ${wherryVersion()}`);
    const { machines } = await this.host();
    requireRunning(await loadMachine(machines, name));
    this.print(await engineVersion(await connectEngine(machines, name, this.signal), this.signal));
  }
}
