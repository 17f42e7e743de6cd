import * as z from 'zod';
import type { DriverModule } from '../module.ts';
import { createFakeDriver } from './driver.ts';

export const fakeOptions = z.strictObject({
  engineSocket: z.string().optional().describe('unix socket that stands for the machine’s engine'),
  fail: z
    .enum(['preflight', 'create', 'start', 'stop', 'status'])
    .optional()
    .describe('the step that fails, to see what then happens'),
});

export const fakeModule: DriverModule = {
  name: 'fake',
  optionsSchema: fakeOptions,
  create: () => createFakeDriver(),
};
