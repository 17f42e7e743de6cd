import * as z from 'zod';

/**
 * What a machine's agent and its clients say to each other.
 *
 * Over `agent.sock`: one JSON object a line, one answer a request, in order.
 * Over the agent's stdout, once: a {@link readyLine}, for the process that started it.
 */
export const agentRequest = z.discriminatedUnion('op', [
  z.object({ op: z.literal('status') }),
  /** Answered first; then the agent ends, and the connection with it. */
  z.object({ op: z.literal('stop') }),
]);

export const agentStatus = z.object({
  pid: z.int(),
  /** Of the Wherry that the agent is a part of. A client of another version replaces the agent. */
  version: z.string(),
  machine: z.string(),
  /** Whether the way into the guest is open at this moment. */
  sshConnected: z.boolean(),
  /**
   * Whether `docker.sock` is served. An agent may be started while its VM still is: it connects beside the boot, and
   * serves from the first question on that finds the start over.
   */
  serving: z.boolean(),
  /** Connections to `docker.sock`. */
  clients: z.int(),
});

export const agentResponse = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), status: agentStatus }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);

export const readyLine = z.discriminatedUnion('event', [
  z.object({ event: z.literal('ready'), status: agentStatus }),
  z.object({
    event: z.literal('failed'),
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
  }),
]);

export type AgentRequest = z.infer<typeof agentRequest>;
export type AgentStatus = z.infer<typeof agentStatus>;
export type AgentResponse = z.infer<typeof agentResponse>;
export type ReadyLine = z.infer<typeof readyLine>;

/** Nothing that is sent is longer; a peer that exceeds it is cut off. */
export const MAX_LINE_BYTES = 16 * 1024;
