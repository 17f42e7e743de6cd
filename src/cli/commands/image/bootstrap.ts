import { Args, Flags } from '@oclif/core';
import { ARCHES, type Arch } from '../../../core/arch.ts';
import { WherryError } from '../../../core/errors.ts';
import { VARIANTS, type Variant } from '../../../image-builder/bootstrap/choose-packages.ts';
import { usage, WherryCommand } from '../../base-command.ts';
import { bootstrapImage, engineArch, requireUsableName } from '../../bootstrap/bootstrap-image.ts';
import { includedPackages, parseDebian } from '../../bootstrap/request.ts';
import { withDefaultTag } from '../../run/image-name.ts';

export default class ImageBootstrap extends WherryCommand {
  static override description = "Make an image of Debian's signed packages, without a registry";
  static override usage = 'image bootstrap [OPTIONS] debian:SUITE[-slim]';
  static override args = {
    reference: Args.string({
      description: 'debian:trixie or debian:bookworm; with -slim behind it, without documentation',
    }),
  };
  static override flags = {
    include: Flags.string({
      description: 'Packages to install, separated by commas',
      multiple: true,
      multipleNonGreedy: true,
    }),
    variant: Flags.string({
      description: 'What it has in any case: nothing (custom), the essential, or minbase (with apt)',
      options: [...VARIANTS],
      default: 'minbase',
    }),
    arch: Flags.string({ description: "Default: the machine's", options: [...ARCHES] }),
    tag: Flags.string({ char: 't', description: 'Name of the image (default: debian:SUITE)' }),
    sbom: Flags.string({ description: 'Write a copy of its SBOM (SPDX, JSON) to this file' }),
    offline: Flags.boolean({ description: 'Use only what is in the cache', default: false }),
    quiet: Flags.boolean({ char: 'q', description: 'Print the image id alone', default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImageBootstrap);
    const { reference } = args;
    if (reference === undefined) {
      throw usage('"wherry image bootstrap" requires 1 argument.', 'See:  wherry image bootstrap --help', 1);
    }
    const debian = parseDebian(reference);
    const include = includedPackages(flags.include ?? []);
    const name = withDefaultTag(flags.tag ?? reference);
    const host = await this.host();
    const id = await this.withEngine(flags.machine, async (engine) => {
      const arch = await engineArch(engine);
      refuseForeign(flags.arch as Arch | undefined, arch, host.machineName(flags.machine));
      await requireUsableName(engine, name);
      const composer = await host.composer();
      if (flags.quiet) host.hush();
      return bootstrapImage(
        {
          composer,
          engine,
          reporter: host.reporter,
          signal: this.signal,
          scratch: host.places.bootstrap,
        },
        {
          ...debian,
          arch,
          variant: flags.variant as Variant,
          include,
          offline: flags.offline,
          name,
          sbomFile: flags.sbom,
        },
      );
    });
    this.print(id);
  }
}

/** The packages' scripts are programs of the image's own architecture. @throws ARCH_FOREIGN */
function refuseForeign(asked: Arch | undefined, arch: Arch, machine: string): void {
  if (asked === undefined || asked === arch) return;
  throw new WherryError({
    code: 'ARCH_FOREIGN',
    message: `The machine "${machine}" is ${arch}: it can't run the scripts of ${asked} packages`,
    hint: `Use one that can:  wherry machine create --arch ${asked} NAME, then --machine NAME`,
  });
}
