import { Flags } from '@oclif/core';
import type { Explanation } from '../../protocol/docker/explanation.ts';
import { apiPath } from '../engine-client/api-path.ts';
import { WherryCommand, usage } from '../base-command.ts';
import { INSPECT_KINDS, inspectFlags, inspectObjects, type InspectKind } from '../run/inspect-objects.ts';

export default class Inspect extends WherryCommand {
  static override description = 'Return low-level information on containers, images, networks and volumes';
  static override usage = 'inspect [OPTIONS] NAME|ID [NAME|ID...]';
  static override strict = false;
  static override flags = {
    ...inspectFlags,
    explain: Flags.boolean({
      description: 'Draw what a running container is made of; --format json for tools',
      default: false,
    }),
    platform: Flags.string({
      description: 'With image inspect: the image of this platform, os[/arch[/variant]], or none',
    }),
    size: Flags.boolean({
      char: 's',
      description: 'Display total file sizes if the type is container',
      default: false,
    }),
    type: Flags.string({ description: 'Only inspect objects of the given type', options: INSPECT_KINDS }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Inspect);
    if (argv.length === 0)
      throw usage('"wherry inspect" requires at least 1 argument.', 'See:  wherry inspect --help', 1);
    const type = flags.type as InspectKind | undefined;
    if (flags.platform !== undefined && type !== 'image') {
      throw usage('--platform is a flag of "wherry image inspect".', 'See:  wherry inspect --help');
    }
    if (flags.explain) {
      await this.explain(argv as string[], flags);
      return;
    }
    await this.withEngine(flags.machine, (engine) =>
      inspectObjects(
        engine,
        argv as string[],
        { type, format: flags.format, size: flags.size, platform: flags.platform },
        this.terminal,
      ),
    );
  }

  private async explain(
    names: readonly string[],
    flags: { readonly machine?: string | undefined; readonly format?: string | undefined },
  ): Promise<void> {
    if (flags.format !== undefined && flags.format !== 'json') {
      throw usage(
        `--explain knows the format "json" only, not "${flags.format}".`,
        'See:  wherry inspect --help',
      );
    }
    const { containerSteps } = await import('../explain/steps.ts');
    await this.eachNamed(names, flags.machine, async (engine, name) => {
      const explanation = await engine.json<Explanation>('GET', apiPath`/containers/${name}/explain`);
      return flags.format === 'json' ? JSON.stringify(explanation) : containerSteps(explanation);
    });
  }
}
