import { Flags } from '@oclif/core';
import { humanDuration, humanSize } from '../../../../core/units.ts';
import { WherryCommand } from '../../../base-command.ts';
import { renderList, type ListFormat } from '../../../render/format.ts';
import type { ListedImage } from '../../../../image-builder/store/image-store.ts';

const FORMAT: ListFormat = {
  table: '{{.ID}}\t{{.Arch}}\t{{.Kernel}}\t{{.Created}}\t{{.Size}}\t{{.UsedBy}}',
  headings: { ID: 'IMAGE ID', UsedBy: 'USED BY' },
};

export default class MachineImageLs extends WherryCommand {
  static override description = 'List the VM images that were composed here';
  static override flags = {
    quiet: Flags.boolean({ char: 'q', description: 'Only show image IDs', default: false }),
    format: Flags.string({ char: 'f', description: 'table, table TEMPLATE, json, or a Go template' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(MachineImageLs);
    const host = await this.host();
    const images = await (await host.composer()).list();
    if (flags.quiet) {
      this.print(...images.map(({ id }) => id.slice(0, 12)));
      return;
    }
    const rows = await Promise.all(images.map(async (image) => row(image, await host.imageUsers(image.id))));
    this.print(...renderList(rows, FORMAT, flags.format));
  }
}

function row(image: ListedImage, users: readonly string[]): Record<string, unknown> {
  const shared = { ID: image.id.slice(0, 12), UsedBy: users.join(', ') };
  if ('broken' in image)
    return { ...shared, Arch: '', Kernel: `broken: ${image.broken}`, Created: '', Size: '' };
  const { arch, kernelVersion, created } = image.manifest;
  return {
    ...shared,
    Arch: arch,
    Kernel: kernelVersion,
    Created: `${humanDuration((Date.now() - Date.parse(created)) / 1000)} ago`,
    Size: humanSize(image.bytes, 3),
  };
}
