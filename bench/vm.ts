import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINE, type World } from '../test/helpers/e2e-world.ts';

/** The process id of the machine's QEMU. */
export function vmPid(world: World): number {
  const path = join(world.home, 'machines', MACHINE, 'vm.json');
  const { process: vm } = JSON.parse(readFileSync(path, 'utf8')) as { process?: { pid: number } };
  if (vm === undefined) throw new Error(`${path} names no process.`);
  return vm.pid;
}
