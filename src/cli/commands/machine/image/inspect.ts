import { Args, Flags } from '@oclif/core';
import { WherryCommand } from '../../../base-command.ts';
import { describeImage } from '../../../images/describe-image.ts';
import { compileTemplate } from '../../../render/template/execute.ts';

export default class MachineImageInspect extends WherryCommand {
  static override description =
    'Show what a VM image is made of: every package, its version, source and digest';
  static override args = { image: Args.string({ required: true, description: 'the id, or its beginning' }) };
  static override flags = { format: Flags.string({ char: 'f', description: 'A Go template' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MachineImageInspect);
    const composer = await (await this.host()).composer();
    const id = await composer.resolve(args.image);
    const image = await describeImage(composer.directory(id), await composer.manifest(id));
    const render = flags.format ? compileTemplate(flags.format, { missing: 'error' }) : undefined;
    this.print(render ? render(image) : JSON.stringify(image, null, 4));
  }
}
