import { messageOf, WherryError } from '../../core/errors.ts';
import type { Driver } from '../driver.ts';

/** Stands in for a driver that cannot be had: machines of it are listed, and say why they cannot be used. */
export function createMissingDriver(name: string, cause: unknown): Driver {
  const refuse = (): Promise<never> =>
    Promise.reject(
      cause instanceof WherryError
        ? cause
        : new WherryError({
            code: 'DRIVER_MISSING',
            message: `the driver "${name}" could not be loaded: ${messageOf(cause)}`,
            cause,
          }),
    );
  return {
    name,
    capabilities: {
      lifecycle: false,
      composedImage: false,
      foreignArch: false,
      ssh: false,
      hostForward: false,
      console: false,
    },
    preflight: refuse,
    create: refuse,
    start: refuse,
    stop: refuse,
    kill: refuse,
    remove: refuse,
    status: refuse,
  };
}
