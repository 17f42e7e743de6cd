import { askAgent } from '../agent/client/ask.ts';
import { ensureAgent } from '../agent/client/ensure-agent.ts';
import type { AgentStatus } from '../protocol/agent/control.ts';
import { requireOwnRunDirectory } from '../platform/paths.ts';
import type { MachineContext, Reporter } from './context.ts';
import { createHeld, type CreateRequest } from './create.ts';
import { isRunning, lookAt } from './lifecycle.ts';
import { startHeld } from './start.ts';

/** How long to wait for another wherry that is making or starting the same machine. */
const OTHERS_MS = 15 * 60_000;

export type EnsureOutcome = 'was running' | 'started' | 'created';

/**
 * What `run` needs: creates the machine where there is none, starts it where it is stopped. Of several at once one
 * does it and the others wait. `onCreate` is called before anything is made.
 */
export async function ensureRunning(
  context: MachineContext,
  request: CreateRequest,
  report: Reporter,
  signal: AbortSignal,
  onCreate: () => void = () => undefined,
): Promise<EnsureOutcome> {
  const { name } = request;
  // Warm, this is all: one question to the agent, no look at the VM.
  const { agentSocket, runDirectory } = context.store.files(name);
  await requireOwnRunDirectory(runDirectory, context.paths);
  const agent = await askAgent(agentSocket);
  if (agent.kind === 'alive' && isUseful(agent.status, context)) return 'was running';
  const found = await context.store.find(name);
  if (found?.state === 'ok' && isRunning(await lookAt(context, found))) {
    await ensureAgent(found.files, context.store.home, context.agent, signal);
    return 'was running';
  }
  if (found?.state === 'broken') await context.store.load(name);
  const verb = found === undefined ? 'create' : 'start';
  return await context.store.withLock(name, { verb, waitMs: OTHERS_MS, signal }, async () => {
    const stored = await context.store.find(name);
    if (stored === undefined) {
      onCreate();
      await createHeld(context, request, report, signal);
      return 'created';
    }
    const machine = await lookAt(context, stored, true);
    if (isRunning(machine)) return 'was running';
    await startHeld(context, name, report, signal);
    return 'started';
  });
}

/** One that isn't serving yet belongs to a start that goes on, or was cut off. */
function isUseful(status: AgentStatus, context: MachineContext): boolean {
  return status.serving && status.sshConnected && status.version === context.agent.version;
}
