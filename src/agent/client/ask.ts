import { createInterface } from 'node:readline';
import { systemErrorCode, WherryError } from '../../core/errors.ts';
import { connectLocal } from '../../platform/local-socket.ts';
import { agentResponse, type AgentRequest, type AgentStatus } from '../../protocol/agent/control.ts';

export type AgentAnswer =
  | { readonly kind: 'alive'; readonly status: AgentStatus }
  /** Nobody listens, or only what a killed agent has left. */
  | { readonly kind: 'absent' }
  /** Somebody listens who doesn't answer as an agent does. */
  | { readonly kind: 'hung'; readonly reason: string };

/** An agent that takes longer than this to answer hangs. */
const ANSWER_MS = 3000;
const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR']);

/** Asks the agent at `address` how it is. Never throws for the agent's sake. */
export async function askAgent(
  address: string,
  op: AgentRequest['op'] = 'status',
  answerMs = ANSWER_MS,
): Promise<AgentAnswer> {
  try {
    const line = await exchange(address, op, answerMs);
    const answer = agentResponse.safeParse(JSON.parse(line));
    if (!answer.success) return { kind: 'hung', reason: 'it answered something else' };
    if (!answer.data.ok) return { kind: 'hung', reason: answer.data.message };
    return { kind: 'alive', status: answer.data.status };
  } catch (error) {
    if (NOBODY.has(systemErrorCode(error) ?? '')) return { kind: 'absent' };
    return { kind: 'hung', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Sends one request; resolves with the answer, to `stop` only once the agent has closed the connection. */
async function exchange(address: string, op: AgentRequest['op'], answerMs: number): Promise<string> {
  const socket = await connectLocal(address);
  socket.setTimeout(answerMs, () => socket.destroy(new Error(`no answer within ${answerMs} ms`)));
  socket.write(`${JSON.stringify({ op } satisfies AgentRequest)}\n`);
  try {
    let first: string | undefined;
    for await (const line of createInterface({ input: socket })) {
      first ??= line;
      if (op !== 'stop') return first;
    }
    if (first !== undefined) return first;
    throw socket.errored ?? new WherryError({ code: 'AGENT_SILENT', message: 'it closed the connection' });
  } finally {
    socket.destroy();
  }
}
