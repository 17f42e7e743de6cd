import { Flags } from '@oclif/core';
import { humanDuration, humanSize } from '../../../../core/units.ts';
import type { Snapshot } from '../../../../machine/snapshots/snapshot-store.ts';
import { machineSnapshots } from '../../../../machine/snapshots/snapshots.ts';
import { WherryCommand } from '../../../base-command.ts';
import { oneMachineMeant } from '../../../machine/names.ts';
import { renderList, type ListFormat } from '../../../render/format.ts';

const FORMAT: ListFormat = {
  table: '{{.Name}}\t{{.Created}}\t{{.Disk}}\t{{.Size}}',
  headings: {},
};

export default class MachineSnapshotLs extends WherryCommand {
  static override description =
    "List a machine's snapshots, oldest first; a size counts in full what a disk shares with others";
  static override usage = 'machine snapshot ls [OPTIONS] [MACHINE]';
  static override strict = false;
  static override flags = {
    quiet: Flags.boolean({ char: 'q', description: 'Only show names', default: false }),
    format: Flags.string({ char: 'f', description: 'table, table TEMPLATE, json, or a Go template' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineSnapshotLs);
    const { machines } = await this.host();
    const name = await oneMachineMeant(machines, argv as string[], this.meant(flags.machine));
    const snapshots = await machineSnapshots(machines, name);
    if (flags.quiet) this.print(...snapshots.map((snapshot) => snapshot.name));
    else this.print(...renderList(snapshots.map(row), FORMAT, flags.format));
  }
}

function row(snapshot: Snapshot): Record<string, unknown> {
  const { name } = snapshot;
  if ('broken' in snapshot) return { Name: name, Created: `broken: ${snapshot.broken}`, Disk: '', Size: '' };
  const { createdAt, config } = snapshot.record;
  return {
    Name: name,
    Created: `${humanDuration((Date.now() - Date.parse(createdAt)) / 1000)} ago`,
    Disk: `${config.diskGiB} GiB`,
    Size: humanSize(snapshot.bytes, 3),
  };
}
