import { createReadStream } from 'node:fs';
import { Flags } from '@oclif/core';
import { machineLogFile } from '../../../machine/logs.ts';
import { WherryCommand } from '../../base-command.ts';
import { oneMachineMeant } from '../../machine/names.ts';
import { copyRaw } from '../../streams/demultiplex.ts';

export default class MachineLogs extends WherryCommand {
  static override description = "Show a machine's console, from power-on; or its agent's log";
  static override usage = 'machine logs [OPTIONS] [NAME]';
  static override strict = false;
  static override flags = {
    agent: Flags.boolean({ description: "The agent's log, JSON lines", default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineLogs);
    const { machines } = await this.host();
    const name = await oneMachineMeant(machines, argv as string[], this.meant(flags.machine));
    const file = await machineLogFile(machines, name, flags.agent ? 'agent' : 'console');
    await copyRaw(createReadStream(file), this.terminal.stdout);
  }
}
