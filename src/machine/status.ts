import type { MachineContext } from './context.ts';
import { findMachine, stateName } from './lifecycle.ts';

/** `machine status`: docker-machine's name of the state. Error: `MACHINE_NOT_FOUND`. */
export async function machineStatus(context: MachineContext, name: string): Promise<string> {
  return stateName(await findMachine(context, name));
}
