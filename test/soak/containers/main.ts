import { rmSync } from 'node:fs';
import { createWorld } from '../../helpers/e2e-world.ts';
import { resultsPath } from '../results.ts';
import { machineSubject } from './machine-subject.ts';
import { soakContainers } from './soak.ts';

/** The engine's own growth, whatever the number of containers that have come and gone: it tidies up when it falls idle. */
const ENGINE_SLACK_KIB = 16 * 1024;

/** `npm run soak -- containers`. @returns the exit status */
export async function soakContainersOfAMachine(options: {
  readonly seed: number;
  readonly count: number;
  readonly parallel: number;
  readonly fresh: boolean;
  readonly signal: AbortSignal;
}): Promise<number> {
  const path = resultsPath(options.seed, 'containers');
  if (options.fresh) rmSync(path, { force: true });
  const world = await createWorld();
  try {
    const tally = await soakContainers(machineSubject(world), {
      ...options,
      tally: path,
      engineSlackKiB: ENGINE_SLACK_KIB,
      say: (line) => console.log(line),
    });
    const leaks = tally.sittings.filter(({ leaks }) => leaks !== '');
    const running = tally.parallel?.running ?? 0;
    console.log(
      `${tally.done} containers run and removed, ${tally.failures.length} failed; ${leaks.length} of ${tally.sittings.length} sittings left something behind (seed ${tally.seed})`,
    );
    const whole = tally.done >= options.count && running === options.parallel;
    return whole && tally.failures.length === 0 && leaks.length === 0 ? 0 : 1;
  } finally {
    await world.stop();
  }
}
