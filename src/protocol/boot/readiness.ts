import * as z from 'zod';

/**
 * The lines that the guest pushes, one JSON object a line, over the readiness port.
 *
 * - `booted`: init runs from the system disk (`kernelMs`: /proc/uptime at that moment, in milliseconds)
 * - `ssh`: dropbear accepts connections and the network is up; `address` is the guest's own, where DHCP gave it one
 * - `engine`: the engine answers on its socket
 * - `failed`: a boot unit gave up; nothing further comes
 */
export const readinessLine = z.discriminatedUnion('event', [
  z.object({ event: z.literal('booted'), kernelMs: z.number().optional() }),
  z.object({ event: z.literal('ssh'), address: z.ipv4().optional().catch(undefined) }),
  z.object({ event: z.literal('engine'), version: z.string() }),
  z.object({ event: z.literal('failed'), unit: z.string(), message: z.string() }),
  z.object({ event: z.literal('probe') }),
]);

export type ReadinessLine = z.infer<typeof readinessLine>;
export type ReadinessEvent = ReadinessLine['event'];
