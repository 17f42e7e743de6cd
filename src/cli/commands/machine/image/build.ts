import { Flags } from '@oclif/core';
import { ARCHES, type Arch } from '../../../../core/arch.ts';
import { WherryCommand } from '../../../base-command.ts';
import { defaultArch } from '../../../images/composer.ts';
import { composeWithProgress } from '../../../tasks/compose.ts';

export default class MachineImageBuild extends WherryCommand {
  static override description = "Compose the VM image from Debian's signed packages, as they are now";
  static override flags = {
    arch: Flags.string({ description: "The guest's architecture", options: [...ARCHES] }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(MachineImageBuild);
    const { composer } = await this.host();
    const arch = (flags.arch as Arch | undefined) ?? defaultArch();
    const image = await composeWithProgress(this.terminal, (onProgress) =>
      composer.build(arch, onProgress, this.signal),
    );
    this.print(image.id);
  }
}
