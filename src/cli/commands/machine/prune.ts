import { join } from 'node:path';
import { Flags } from '@oclif/core';
import { humanSize } from '../../../core/units.ts';
import { imageLeftovers, verifiedDownloads } from '../../../image-builder/store/leftovers.ts';
import { machineLeftovers } from '../../../machine/leftovers.ts';
import { bytesOnDisk, type Leftover } from '../../../platform/leftover.ts';
import { WherryCommand } from '../../base-command.ts';
import { abandonedWork } from '../../bootstrap/work-directory.ts';
import type { Host } from '../../host.ts';
import { refuseSurplus } from '../../machine/names.ts';
import { askYesOrNo } from '../../streams/ask.ts';

const WARNING = [
  'WARNING! This will remove:',
  '  - machines, VM images and downloads that interrupted commands have left half done',
  '  - sockets and temporary files of machines that do not run',
  "  - docker's contexts of machines that are no more",
];
const MORE = ['  - all VM images that no machine uses', '  - all downloads that VM images are composed of'];

export default class MachinePrune extends WherryCommand {
  static override description =
    'Remove what crashes and interrupted commands have left; machines stay, whatever their state';
  static override usage = 'machine prune [OPTIONS]';
  static override strict = false;
  static override flags = {
    all: Flags.boolean({
      char: 'a',
      description: 'Also VM images that no machine uses, and the downloads they are made of',
      default: false,
    }),
    force: Flags.boolean({ char: 'f', description: 'Do not prompt for confirmation', default: false }),
    'dry-run': Flags.boolean({ description: 'Say what would go, and how much it is', default: false }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachinePrune);
    refuseSurplus(argv as string[]);
    const host = await this.host();
    if (!flags['dry-run'] && !flags.force && !(await this.confirmed(flags.all))) return;
    let bytes = 0;
    for (const leftover of await leftovers(host, flags.all)) {
      this.signal.throwIfAborted();
      const size = await bytesOnDisk(leftover.path);
      if (!flags['dry-run']) await leftover.remove();
      bytes += size;
      this.print(`${flags['dry-run'] ? 'Would delete' : 'Deleted'} ${leftover.what}: ${leftover.path}`);
    }
    this.print(`${flags['dry-run'] ? 'Total reclaimable' : 'Total reclaimed'} space: ${humanSize(bytes, 4)}`);
  }

  private async confirmed(all: boolean): Promise<boolean> {
    const { stdin: input, stdout: output } = this.terminal;
    const lines = [...WARNING, ...(all ? MORE : []), '', 'Are you sure you want to continue? [y/N] '];
    return askYesOrNo(lines.join('\n'), { input, output }, this.signal);
  }
}

async function leftovers(host: Host, all: boolean): Promise<Leftover[]> {
  const { images, cache, isCacheShared, bootstrap } = host.places;
  const ownCache = isCacheShared ? undefined : cache;
  const found = [
    ...(await machineLeftovers(host.machines)),
    ...(await imageLeftovers(images, ownCache)),
    ...(await abandonedWork(bootstrap)),
  ];
  if (!all) return found;
  const composer = await host.composer();
  for (const { id } of await composer.list()) {
    if ((await host.imageUsers(id)).length > 0) continue;
    found.push({
      what: 'VM image',
      path: join(images, id),
      remove: () => composer.remove(id, host.imageUsers),
    });
  }
  return ownCache === undefined ? found : [...found, ...(await verifiedDownloads(images, ownCache))];
}
