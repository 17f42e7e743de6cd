import * as z from 'zod';

/** `--hyperv-*` of `machine create`; stored with the machine. */
export const hypervOptions = z.strictObject({
  switch: z.string().optional().describe('virtual switch to connect to; default: the Default Switch'),
  stop: z
    .enum(['shutdown', 'save'])
    .default('shutdown')
    .describe('what `machine stop` does: shut the machine down, or save its state and memory'),
});

export type HypervOptions = z.infer<typeof hypervOptions>;
