import { Flags, type Interfaces } from '@oclif/core';
import { driverFlags, type DriverModule } from '../../drivers/module.ts';

/** A driver's own `create` flags, from its option schema. */
export function driverFlagsOf(
  module: DriverModule,
): Record<string, Interfaces.OptionFlag<string | undefined>> {
  return Object.fromEntries(
    driverFlags(module).map(({ flag, description, choices }) => [
      flag,
      Flags.string({
        description,
        ...(choices ? { options: [...choices] } : {}),
        helpGroup: `${module.name.toUpperCase()} DRIVER`,
      }),
    ]),
  );
}

/** The driver's settings among the parsed flags; what wasn't given is left to the schema's defaults. */
export function driverOptions(
  module: DriverModule,
  flags: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    driverFlags(module).flatMap(({ flag, option }) =>
      flags[flag] === undefined ? [] : [[option, flags[flag]]],
    ),
  );
}
