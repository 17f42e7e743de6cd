import * as z from 'zod';

/**
 * Published ports, between the engine and the machine's agent, over the engine's `host.sock` (src/protocol/boot). The
 * agent connects and stays connected; the engine asks, the agent answers. One JSON object a line. The agent works on
 * the requests in order and answers each, by its id.
 */
const port = z.int().min(1).max(65_535);

/** A port of the computer that the machine runs on, forwarded to a port of the guest's. */
export const portForward = z.object({
  proto: z.enum(['tcp', 'udp']),
  /** An IPv4 address of the host's; `0.0.0.0` for all. */
  hostAddress: z.ipv4(),
  hostPort: port,
  guestPort: port,
});

export const hostRequest = z.discriminatedUnion('op', [
  z.object({ id: z.int(), op: z.literal('open'), forward: portForward }),
  /** One that isn't open is fine. */
  z.object({ id: z.int(), op: z.literal('close'), forward: portForward }),
  /** Exactly these are to be open: sent first on every new connection. */
  z.object({ id: z.int(), op: z.literal('keep'), forwards: z.array(portForward) }),
]);

export const hostAnswer = z.discriminatedUnion('ok', [
  z.object({ id: z.int(), ok: z.literal(true) }),
  /** `inUse`: somebody else on the host has the port; another one may be free. */
  z.object({ id: z.int(), ok: z.literal(false), code: z.enum(['inUse', 'failed']), message: z.string() }),
]);

export type PortForward = z.infer<typeof portForward>;
export type HostRequest = z.infer<typeof hostRequest>;
export type HostAnswer = z.infer<typeof hostAnswer>;
