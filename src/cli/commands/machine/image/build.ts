import { Flags } from '@oclif/core';
import { ARCHES, type Arch } from '../../../../core/arch.ts';
import { WherryCommand } from '../../../base-command.ts';
import { defaultArch } from '../../../images/default-arch.ts';
import { followComposition } from '../../../tasks/compose.ts';

export default class MachineImageBuild extends WherryCommand {
  static override description = "Compose the VM image from Debian's signed packages, as they are now";
  static override flags = {
    arch: Flags.string({ description: "The guest's architecture", options: [...ARCHES] }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(MachineImageBuild);
    const host = await this.host();
    const composer = await host.composer();
    const arch = (flags.arch as Arch | undefined) ?? defaultArch();
    const image = await host.reporter.step('Compose the VM image', async (say) => {
      const follow = followComposition(say);
      const built = await composer.build(arch, follow.onProgress, this.signal);
      return { value: built, summary: follow.summary(built) };
    });
    this.print(image.id);
  }
}
