import { fakeModule } from './fake/module.ts';
import { genericModule } from './generic/module.ts';
import { hypervModule } from './hyperv/module.ts';
import type { DriverModule } from './module.ts';
import { noneModule } from './none/module.ts';
import { qemuModule } from './qemu/module.ts';

/** Every driver there is, in the registry's order, for those who describe them all (`machine create --help`). */
export const DRIVER_MODULES: readonly DriverModule[] = [
  qemuModule,
  hypervModule,
  fakeModule,
  genericModule,
  noneModule,
];
