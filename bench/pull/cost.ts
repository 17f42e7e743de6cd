import { readFileSync } from 'node:fs';
import type { World } from '../../test/helpers/e2e-world.ts';
import { vmPid } from '../vm.ts';

/** For commands that take minutes on a busy computer. */
export const PATIENT = { timeoutMs: 30 * 60_000 };

/** What one command from the host took. */
export interface Cost {
  readonly ms: number;
  /** Processor time of the VM's QEMU: what is left of a figure when others use the computer, too. */
  readonly cpuMs: number;
}

/** Clock ticks a second, as /proc shows them: 100 on every Linux (`getconf CLK_TCK`). */
const TICK_MS = 10;

export type Meter = (body: () => Promise<unknown>) => Promise<Cost>;

export function meterOf(world: World): Meter {
  const pid = vmPid(world);
  const cpuMs = (): number => {
    // proc(5): behind the name in parentheses, utime and stime are the 12th and the 13th field.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  };
  return async (body) => {
    const [started, before] = [performance.now(), cpuMs()];
    await body();
    return { ms: performance.now() - started, cpuMs: cpuMs() - before };
  };
}
