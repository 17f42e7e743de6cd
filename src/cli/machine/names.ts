import { WherryError } from '../../core/errors.ts';
import type { MachineContext } from '../../machine/context.ts';
import { DEFAULT_MACHINE, resolveMachineName } from '../../machine/resolve-machine-name.ts';

/** What says which machine is meant where a verb names none: `--machine`, before or behind the verb, or the environment. */
export interface Meant {
  readonly flag: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The machines that a verb was given; with none, the one that a command would mean.
 * @throws WherryError NO_MACHINE in docker-machine's words where that one doesn't exist
 */
export async function machinesMeant(
  context: MachineContext,
  names: readonly string[],
  meant: Meant,
): Promise<readonly string[]> {
  if (names.length > 0) return names;
  const name = resolveMachineName(meant);
  if (name === DEFAULT_MACHINE && !(await context.store.exists(name))) {
    throw new WherryError({
      code: 'NO_MACHINE',
      message: `Error: No machine name(s) specified and no "${DEFAULT_MACHINE}" machine exists`,
      hint: 'Make one with:  wherry machine create default',
      bare: true,
    });
  }
  return [name];
}

/** The one machine that a verb was given. @throws WherryError USAGE for a second one, in docker-machine's words */
export async function oneMachineMeant(
  context: MachineContext,
  names: readonly string[],
  meant: Meant,
): Promise<string> {
  refuseSurplus(names.slice(1));
  const [name = ''] = await machinesMeant(context, names, meant);
  return name;
}

export function refuseSurplus(extra: readonly string[]): void {
  if (extra.length === 0) return;
  throw new WherryError({
    code: 'USAGE',
    message: `Invalid command line. Found extra arguments [${extra.join(' ')}]`,
    bare: true,
  });
}
