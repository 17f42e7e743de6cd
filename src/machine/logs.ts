import { access } from 'node:fs/promises';
import { systemErrorCode, WherryError } from '../core/errors.ts';
import { machineNotFound } from './store/machine-store.ts';
import type { MachineContext } from './context.ts';

/** The file that `machine logs` shows: the console's, or the agent's JSON lines. Error: `NO_LOG` before the first start. */
export async function machineLogFile(
  context: MachineContext,
  name: string,
  which: 'console' | 'agent' = 'console',
): Promise<string> {
  const stored = await context.store.find(name);
  if (stored === undefined) throw machineNotFound(name);
  const path = which === 'console' ? stored.files.consoleLog : stored.files.agentLog;
  try {
    await access(path);
    return path;
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    throw new WherryError({ code: 'NO_LOG', message: `machine "${name}" has no ${which} log yet` });
  }
}
