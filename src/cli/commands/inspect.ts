import { Flags } from '@oclif/core';
import { WherryCommand, usage } from '../base-command.ts';
import { INSPECT_KINDS, inspectFlags, inspectObjects, type InspectKind } from '../run/inspect-objects.ts';

export default class Inspect extends WherryCommand {
  static override description = 'Return low-level information on containers, images, networks and volumes';
  static override usage = 'inspect [OPTIONS] NAME|ID [NAME|ID...]';
  static override strict = false;
  static override flags = {
    ...inspectFlags,
    type: Flags.string({ description: 'Only inspect objects of the given type', options: INSPECT_KINDS }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Inspect);
    if (argv.length === 0)
      throw usage('"wherry inspect" requires at least 1 argument.', 'See:  wherry inspect --help');
    const type = flags.type as InspectKind | undefined;
    await this.withEngine(flags.machine, (engine) =>
      inspectObjects(engine, argv as string[], { type, format: flags.format }, this.terminal),
    );
  }
}
