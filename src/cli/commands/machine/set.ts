import { Flags } from '@oclif/core';
import { setMachine } from '../../../machine/set.ts';
import { usage, WherryCommand } from '../../base-command.ts';
import { engineFlags } from '../../flags/engine-flags.ts';
import { noMountsFlag, noteIgnoredOptions } from '../../flags/create-flags.ts';
import { readEngineOptions } from '../../flags/engine-options.ts';
import { listChanges, singleFlags } from '../../flags/list-changes.ts';
import { parseGibibytes, parseMebibytes } from '../../flags/memory.ts';
import { oneMachineMeant } from '../../machine/names.ts';

export default class MachineSet extends WherryCommand {
  static override description =
    "Change what a machine was created with, from its next start on. A list's flag replaces the list; given once, with an empty value, it empties it";
  static override usage = 'machine set [OPTIONS] [NAME]';
  static override strict = false;
  static override flags = {
    cpus: Flags.integer({ description: "The machine's CPUs", min: 1 }),
    memory: Flags.string({ description: "The machine's memory: MiB, or with a unit, e.g. 2g" }),
    disk: Flags.string({
      description: "The data disk's new size, no smaller than it is: GiB, or with a unit",
    }),
    ...engineFlags,
    ...singleFlags,
    ...noMountsFlag,
    restart: Flags.boolean({ description: 'Restart the machine if it runs', default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineSet);
    const host = await this.host();
    const name = await oneMachineMeant(host.machines, argv as string[], this.meant(flags.machine));
    const lists = {
      ...listChanges(flags, { env: process.env, reporter: host.reporter }),
      ...(flags['no-mounts'] ? { mounts: { replace: [] } } : {}),
    };
    const options = readEngineOptions(flags['engine-opt'] ?? []);
    noteIgnoredOptions(options.ignored, host.reporter);
    const { cpus, memory, disk } = flags;
    const nothing = cpus === undefined && memory === undefined && disk === undefined;
    if (nothing && Object.keys(lists).length === 0 && flags['engine-opt'] === undefined) {
      throw usage('nothing to set', 'See:  wherry machine set --help', 1);
    }
    const change = {
      cpus,
      memoryMiB: memory === undefined ? undefined : parseMebibytes(memory, '--memory'),
      diskGiB: disk === undefined ? undefined : parseGibibytes(disk, '--disk'),
      lists,
      options: options.options,
    };
    await setMachine(host.machines, name, change, flags.restart, host.reporter, this.signal);
  }
}
