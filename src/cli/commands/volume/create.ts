import { Args, Flags } from '@oclif/core';
import type { VolumeResource } from '../../../protocol/docker/volumes.ts';
import { WherryCommand } from '../../base-command.ts';
import { repeated } from '../../flags/repeated.ts';

export default class VolumeCreate extends WherryCommand {
  static override description = 'Create a volume';
  static override args = {
    volume: Args.string({ description: "the volume's name; without one it gets a random one" }),
  };
  static override flags = {
    driver: Flags.string({ char: 'd', description: 'Specify volume driver name', default: 'local' }),
    label: Flags.string({ description: 'Set metadata for a volume', ...repeated }),
    opt: Flags.string({ char: 'o', description: 'Set driver specific options', ...repeated }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(VolumeCreate);
    const { Name } = await this.withEngine(flags.machine, (engine) =>
      engine.json<VolumeResource>('POST', '/volumes/create', {
        body: {
          Name: args.volume ?? '',
          Driver: flags.driver,
          ...(flags.opt ? { DriverOpts: pairs(flags.opt) } : {}),
          ...(flags.label ? { Labels: pairs(flags.label) } : {}),
        },
      }),
    );
    this.print(Name);
  }
}

function pairs(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [key = '', ...value] = entry.split('=');
      return [key, value.join('=')];
    }),
  );
}
