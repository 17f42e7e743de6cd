import type { MachineContext } from './context.ts';
import { machineUrl } from './machine-url.ts';

/** `machine config`: the docker client's flags for the machine, one an element. */
export async function machineClientFlags(context: MachineContext, name: string): Promise<string[]> {
  return [`-H=${await machineUrl(context, name)}`];
}
