import type { DriverModule } from '../module.ts';
import { createHypervDriver } from './driver.ts';
import { hypervOptions } from './options.ts';

export const hypervModule: DriverModule = {
  name: 'hyperv',
  optionsSchema: hypervOptions,
  create: () => createHypervDriver(),
};
