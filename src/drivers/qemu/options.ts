import * as z from 'zod';

export const ACCELERATORS = ['kvm', 'hvf', 'whpx', 'tcg'] as const;
export type Accelerator = (typeof ACCELERATORS)[number];

/** `--qemu-*` of `machine create`; stored with the machine. */
export const qemuOptions = z.strictObject({
  binary: z.string().optional().describe('the qemu-system program to use instead of the one that is found'),
  accel: z
    .enum(['auto', ...ACCELERATORS])
    .default('auto')
    .describe('accelerator: auto tries the hardware ones and falls back to emulation (tcg)'),
});

export type QemuOptions = z.infer<typeof qemuOptions>;
