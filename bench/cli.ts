import { join } from 'node:path';
import { repository, type World } from '../test/helpers/e2e-world.ts';
import { figure, type Figure } from './statistics.ts';
import { must, timings } from './timing.ts';

/**
 * The CLI's own start. Budgets: `wherry --version` ≤ 2.5 × `node -e 0`, `wherry ps` ≤ 3 × `docker ps` on the same
 * socket.
 */
export async function benchCli(world: World, runs: number): Promise<Figure[]> {
  const script = join(repository, 'bin', 'run.js');
  const node = figure('node -e 0', 'ms', await timings(runs * 2, () => must(process.execPath, ['-e', '0'])));
  const version = await timings(runs * 2, () => must(process.execPath, [script, '--version']));
  const docker = figure('docker ps', 'ms', await timings(runs * 2, () => world.docker(['ps'])));
  const ps = await timings(runs * 2, () => world.ok(['ps']));
  return [
    node,
    figure('wherry --version', 'ms', version, node),
    docker,
    figure('wherry ps', 'ms', ps, docker),
  ];
}
