import { world } from './e2e-hooks.ts';

/**
 * The second that the VM's own clock is in, for `--since` and `--until`: under emulation, on a busy computer, it isn't
 * the client's.
 */
export async function guestSeconds(): Promise<number> {
  return Number(await world().inVm('date +%s'));
}
