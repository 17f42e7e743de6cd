import { WherryError } from '../core/errors.ts';
import type { Driver } from './driver.ts';
import { createMissingDriver } from './missing/driver.ts';
import type { DriverContext, DriverModule } from './module.ts';

/** Loaded when asked for: no command pays for a driver that it doesn't use. */
const LOADERS: Readonly<Record<string, () => Promise<DriverModule>>> = {
  qemu: async () => (await import('./qemu/module.ts')).qemuModule,
  hyperv: async () => (await import('./hyperv/module.ts')).hypervModule,
  fake: async () => (await import('./fake/module.ts')).fakeModule,
  generic: async () => (await import('./generic/module.ts')).genericModule,
  none: async () => (await import('./none/module.ts')).noneModule,
};

export const DEFAULT_DRIVER = 'qemu';

/** The drivers' names, the default one first. */
export function driverNames(): string[] {
  return Object.keys(LOADERS);
}

/** For `create`: the driver's options and flags. Error: `DRIVER_NOT_FOUND`, worded as docker-machine's. */
export async function loadDriverModule(name: string): Promise<DriverModule> {
  const load = Object.hasOwn(LOADERS, name) ? LOADERS[name] : undefined;
  if (load === undefined) throw driverNotFound(name);
  return load();
}

/**
 * The driver of a machine that exists. One that is unknown here or doesn't load is stood in for, so that `ls` and
 * `rm -f` still work beside it.
 */
export async function driverFor(name: string, context: DriverContext): Promise<Driver> {
  try {
    return (await loadDriverModule(name)).create(context);
  } catch (error) {
    return createMissingDriver(name, error);
  }
}

function driverNotFound(name: string): WherryError {
  return new WherryError({
    code: 'DRIVER_NOT_FOUND',
    bare: true,
    message:
      `Driver "${name}" not found. ` +
      `Do you have the plugin binary "docker-machine-driver-${name}" accessible in your PATH?`,
    hint: `The drivers are: ${driverNames().join(', ')}`,
  });
}
