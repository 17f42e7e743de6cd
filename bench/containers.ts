import type { World } from '../test/helpers/e2e-world.ts';
import { machineSubject } from '../test/soak/containers/machine-subject.ts';
import { startInParallel } from '../test/soak/containers/parallel.ts';
import { figure, type Figure } from './statistics.ts';

const COUNT = 50;

/** Containers started at once. Budget: all run, and the engine grows by no more than 0.3 MB for each. */
export async function benchContainers(world: World): Promise<Figure[]> {
  const subject = machineSubject(world);
  // What the first containers cost the engine for good.
  await startInParallel(subject, 5);
  const { ms, running, engineKiBEach, failures } = await startInParallel(subject, COUNT);
  if (running !== COUNT) throw new Error(`${running} of ${COUNT} containers run: ${failures.join('; ')}`);
  return [
    figure(`${COUNT} containers started at once`, 'ms', [ms]),
    figure("the engine's RSS for each", 'MiB', [engineKiBEach / 1024]),
  ];
}
