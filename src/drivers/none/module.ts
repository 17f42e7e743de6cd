import * as z from 'zod';
import type { DriverModule } from '../module.ts';
import { createNoneDriver } from './driver.ts';

export const noneOptions = z.strictObject({
  url: z.string().optional().meta({
    flag: 'url',
    description: 'URL of an engine that is already there: unix:///PATH or tcp://HOST:PORT',
  }),
});

export const noneModule: DriverModule = {
  name: 'none',
  optionsSchema: noneOptions,
  create: () => createNoneDriver(),
};
