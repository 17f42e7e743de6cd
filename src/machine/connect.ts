import type { Duplex } from 'node:stream';
import { ensureAgent } from '../agent/client/ensure-agent.ts';
import { systemErrorCode } from '../core/errors.ts';
import { connectLocal } from '../platform/local-socket.ts';
import { requireOwnRunDirectory } from '../platform/paths.ts';
import type { MachineContext } from './context.ts';
import { loadMachine, requireRunning } from './lifecycle.ts';

const NOBODY_LISTENS = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR']);

/**
 * A byte stream to the machine's engine, through its agent. Warm, this is one connect(2): no SSH, no look at the VM.
 * Where nobody listens the machine must run (`HOST_NOT_RUNNING`, `MACHINE_NOT_FOUND`), and its agent is started anew.
 */
export async function connectEngine(
  context: MachineContext,
  name: string,
  signal?: AbortSignal,
): Promise<Duplex> {
  const files = context.store.files(name);
  await requireOwnRunDirectory(files.runDirectory, context.paths);
  try {
    return await connectLocal(files.dockerSocket, signal);
  } catch (error) {
    if (!NOBODY_LISTENS.has(systemErrorCode(error) ?? '')) throw error;
  }
  requireRunning(await loadMachine(context, name));
  await ensureAgent(files, context.store.home, context.agent, signal);
  return connectLocal(files.dockerSocket, signal);
}
