import { join } from 'node:path';
import { createWorld, MACHINE, type World } from '../../helpers/e2e-world.ts';
import { readResults, resultsPath, writeResults } from '../results.ts';
import { killRound, type KillRecord, type Victim } from './round.ts';

interface Tally {
  readonly seed: number;
  readonly kills: readonly KillRecord[];
}

/** The engine of the world's machine. */
export function machineVictim(world: World): Victim {
  return {
    socketPath: join(world.home, 'machines', MACHINE, 'docker.sock'),
    image: world.image('busybox'),
    inVm: (script) => world.ok(['machine', 'ssh', MACHINE, script]),
  };
}

/** `npm run soak -- engine-kills`: goes on where the seed's last run ended. @returns the exit status */
export async function soakEngineKills(options: {
  readonly seed: number;
  readonly wanted: number;
  readonly fresh: boolean;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { seed, wanted, fresh, signal } = options;
  const path = resultsPath(seed, 'engine-kills');
  let tally: Tally = readResults(path, { seed, kills: [] }, fresh);
  const world = await createWorld();
  try {
    await world.ok(['pull', '-q', world.image('busybox')]);
    const victim = machineVictim(world);
    while (tally.kills.length < wanted && !signal.aborted) {
      const record = await killRound(victim, seed, tally.kills.length);
      if (signal.aborted) break;
      tally = { ...tally, kills: [...tally.kills, record] };
      writeResults(path, tally);
      const { index, afterMs, containers, failure } = record;
      const outcome = failure === undefined ? 'nothing lost, nothing left' : `FAILED\n${failure}`;
      console.log(
        `${String(index + 1).padStart(4)}  after ${afterMs} ms, ${containers} containers: ${outcome}`,
      );
    }
  } finally {
    await world.stop();
  }
  const failed = tally.kills.filter(({ failure }) => failure !== undefined).length;
  console.log(
    `${tally.kills.length} kills of the engine under load, ${failed} with a failure (seed ${seed})`,
  );
  return failed === 0 && tally.kills.length >= wanted ? 0 : 1;
}
