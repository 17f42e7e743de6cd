import type { DriverModule } from '../module.ts';
import { createQemuDriver } from './driver.ts';
import { qemuOptions } from './options.ts';

export const qemuModule: DriverModule = {
  name: 'qemu',
  optionsSchema: qemuOptions,
  create: (context) => createQemuDriver(context),
};
