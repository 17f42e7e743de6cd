import { Args } from '@oclif/core';
import { WherryError } from '../../../../core/errors.ts';
import { WherryCommand } from '../../../base-command.ts';

export default class MachineImageVerify extends WherryCommand {
  static override description = "Compare every byte of a VM image with its manifest's digests";
  static override args = {
    image: Args.string({ description: 'the id, or its beginning; every image if left out' }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(MachineImageVerify);
    const composer = await (await this.host()).composer();
    const chosen = args.image === undefined ? undefined : await composer.resolve(args.image);
    const bad: string[] = [];
    for (const image of await composer.list()) {
      const { id } = image;
      if (chosen !== undefined && id !== chosen) continue;
      if ('broken' in image) {
        bad.push(image.broken);
        continue;
      }
      const { tampered } = await composer.verify(id, this.signal);
      if (tampered.length === 0) this.print(`${id.slice(0, 12)}: OK`);
      bad.push(...tampered.map(({ file, reason }) => `${id.slice(0, 12)}: ${file}: ${reason}`));
    }
    if (bad.length > 0) {
      throw new WherryError({
        code: 'IMAGE_TAMPERED',
        message: `not what was composed:\n${bad.join('\n')}`,
        hint: 'Compose it again, in place while Debian has the same packages:  wherry machine image build',
      });
    }
  }
}
