import type { World } from '../test/helpers/e2e-world.ts';
import { figure, type Figure } from './statistics.ts';
import { timings } from './timing.ts';

/** A whole composition from a warm package cache. Budget: ≤ 15 s on 2 cores. */
export async function benchCompose(world: World, runs: number): Promise<Figure[]> {
  return [
    figure(
      'machine image build, warm cache',
      'ms',
      await timings(Math.min(runs, 5), () => world.ok(['machine', 'image', 'build'])),
    ),
  ];
}
