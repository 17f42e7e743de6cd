import * as z from 'zod';

/**
 * Directories of the computer that the machine runs on, between the engine and the machine's agent, over the engine's
 * `shares.sock` (src/protocol/boot/guest-paths.ts). The agent connects and stays connected. One JSON object a line, in
 * both directions: each side asks and answers, answers have the `id` of what they answer.
 */

/** Engine to agent: make this path of the host's reachable in the guest. */
export const shareRequest = z.object({
  id: z.int(),
  op: z.literal('share'),
  /** As Docker's client sent it. */
  source: z.string(),
  /** Make the directory if nothing is there, as `-v` does. */
  create: z.boolean(),
});

/** Agent to engine. */
export const shareAnswer = z.discriminatedUnion('ok', [
  z.object({
    id: z.int(),
    ok: z.literal(true),
    /** In the guest: the file or directory, mounted. */
    path: z.string(),
    /** Whether the machine may write there. */
    writable: z.boolean(),
  }),
  /** `refused`: whoever asks again is refused again. */
  z.object({ id: z.int(), ok: z.literal(false), code: z.enum(['refused', 'failed']), message: z.string() }),
]);

/** Paths in the guest. What the host has done there, for the guest to repeat, so that whoever watches is told. */
export const hostChange = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('written'), path: z.string() }),
  z.object({ kind: z.literal('touched'), path: z.string() }),
  z.object({ kind: z.literal('made'), path: z.string(), type: z.enum(['file', 'directory', 'link']) }),
  z.object({ kind: z.literal('removed'), path: z.string(), type: z.enum(['file', 'directory', 'link']) }),
  z.object({ kind: z.literal('moved'), path: z.string(), to: z.string() }),
]);

/** Agent to engine. */
export const repeatRequest = z.object({ id: z.int(), op: z.literal('repeat'), change: hostChange });
/** Engine to agent, whether or not it could be repeated. */
export const repeatAnswer = z.object({ id: z.int(), op: z.literal('repeated') });

export const fromEngine = z.discriminatedUnion('op', [shareRequest, repeatAnswer]);
export const fromAgent = z.union([repeatRequest, shareAnswer]);

export type ShareAnswer = z.infer<typeof shareAnswer>;
export type HostChange = z.infer<typeof hostChange>;
