import { join } from 'node:path';
import { Client } from '../../contract/engine/containers/client.ts';
import { MACHINE, type World } from '../../helpers/e2e-world.ts';
import { HELD_SCRIPT, parseHeld } from './held.ts';
import type { Subject } from './work.ts';

/** The engine of the world's machine, spoken to through its socket on this computer. */
export function machineSubject(world: World): Subject {
  const places = ['start-engine', '/sys/fs/cgroup/wherry', '/var/lib/wherry', '/run/wherry'];
  return {
    client: new Client(join(world.home, 'machines', MACHINE, 'docker.sock')),
    image: world.image('busybox'),
    networks: ['bridge', 'none'],
    runByCli: async (args) => world.ok(['run', ...args]),
    held: async () =>
      parseHeld(
        await world.ok(['machine', 'ssh', MACHINE, '--', 'sh', '-s', ...places], { input: HELD_SCRIPT }),
      ),
  };
}
