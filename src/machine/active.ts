import { WherryError } from '../core/errors.ts';
import type { MachineContext } from './context.ts';
import { listMachines } from './ls.ts';

/** `machine active`: the running machine that DOCKER_HOST points at. Error: `NO_ACTIVE_MACHINE`. */
export async function activeMachine(
  context: MachineContext,
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs?: number,
): Promise<string> {
  const rows = await listMachines(context, { dockerHost: env['DOCKER_HOST'], timeoutMs });
  const active = rows.find((row) => row.active);
  if (active !== undefined) return active.name;
  throw new WherryError({ bare: true, code: 'NO_ACTIVE_MACHINE', message: 'No active host found' });
}
