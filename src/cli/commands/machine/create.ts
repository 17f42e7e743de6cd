import { Flags } from '@oclif/core';
import { ARCHES, type Arch } from '../../../core/arch.ts';
import { DRIVER_MODULES } from '../../../drivers/all-modules.ts';
import { driverFlags, type DriverModule } from '../../../drivers/module.ts';
import { DEFAULT_DRIVER, loadDriverModule } from '../../../drivers/registry.ts';
import { createMachine, requireValidName } from '../../../machine/create.ts';
import { usage, WherryCommand } from '../../base-command.ts';
import { readEngineOptions } from '../../flags/engine-options.ts';
import { engineLists } from '../../flags/engine-flags.ts';
import { createFlags, ignoredFlags, noteIgnored } from '../../flags/create-flags.ts';
import { driverFlagsOf, driverOptions } from '../../flags/driver-flags.ts';
import { parseGibibytes, parseMebibytes } from '../../flags/memory.ts';
import { defaultArch } from '../../images/default-arch.ts';
import { refuseSurplus } from '../../machine/names.ts';
import { requireReady } from '../../preflight/require-ready.ts';
import { WherryError } from '../../../core/errors.ts';

/** Another driver's flag would be ignored: say so instead. */
function refuseOtherDrivers(chosen: DriverModule, flags: Readonly<Record<string, unknown>>): void {
  const others = DRIVER_MODULES.filter(({ name }) => name !== chosen.name);
  const foreign = others.flatMap(driverFlags).find(({ flag }) => flags[flag] !== undefined);
  if (foreign) throw usage(`--${foreign.flag} is no flag of the driver "${chosen.name}"`, undefined, 1);
}

export default class MachineCreate extends WherryCommand {
  static override description = 'Create a machine';
  static override usage = 'machine create [OPTIONS] NAME';
  static override strict = false;
  static override flags = {
    ...createFlags,
    ...ignoredFlags,
    // Help shows them by driver; oclif's manifest holds them, so that help loads none.
    ...(Object.assign({}, ...DRIVER_MODULES.map(driverFlagsOf)) as object),
    driver: Flags.string({
      char: 'd',
      description: 'Driver to create the machine with',
      default: DEFAULT_DRIVER,
    }),
    quiet: Flags.boolean({
      char: 'q',
      description: "No progress; print the machine's name and nothing else",
      default: false,
    }),
    arch: Flags.string({ description: "The guest's architecture", options: [...ARCHES] }),
    yes: Flags.boolean({
      char: 'y',
      description: 'Consent to install what is missing (QEMU)',
      default: false,
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(MachineCreate);
    const driverName = flags.driver;
    const module = await loadDriverModule(driverName);
    refuseOtherDrivers(module, flags);
    const [name, ...extra] = argv as string[];
    if (name === undefined) {
      throw new WherryError({
        code: 'USAGE',
        message: 'No machine name specified',
        hint: 'See:  wherry machine create --help',
      });
    }
    refuseSurplus(extra);
    // Before this computer is looked at: what it lacks has a status of its own.
    requireValidName(name);
    const host = await this.host();
    if (flags.quiet) host.hush();
    const arch = (flags.arch as Arch | undefined) ?? defaultArch();
    const engineOptions = readEngineOptions(flags['engine-opt'] ?? []);
    noteIgnored(flags, engineOptions.ignored, host.reporter);
    const lists = engineLists(flags, { env: process.env, reporter: host.reporter });
    if (!(await host.machines.store.exists(name))) {
      await requireReady(await host.driver(driverName), arch, this.terminal, {
        yes: flags.yes,
        env: process.env,
        signal: this.signal,
      });
    }
    await createMachine(
      host.machines,
      {
        name,
        driver: driverName,
        arch,
        cpus: flags.cpus,
        memoryMiB: flags.memory === undefined ? undefined : parseMebibytes(flags.memory, '--memory'),
        diskGiB: flags.disk === undefined ? undefined : parseGibibytes(flags.disk, '--disk'),
        driverOptions: driverOptions(module, flags),
        engine: {
          ...lists,
          ...(flags['no-mounts'] ? { mounts: [] } : {}),
          ...engineOptions.options,
        },
        start: !flags['no-start'],
      },
      host.reporter,
      this.signal,
    );
    this.print(
      flags.quiet
        ? name
        : `To see how to connect your Docker Client to the Docker Engine running on this virtual machine, run: wherry machine env ${name}`,
    );
  }
}
