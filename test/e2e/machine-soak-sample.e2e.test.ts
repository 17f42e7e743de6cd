import { randomInt } from 'node:crypto';
import { world } from '../helpers/e2e-hooks.ts';
import { untilProcesses } from '../helpers/machine/processes.ts';
import { soakCycle, type Usual } from '../soak/machines/cycle.ts';
import type { Place } from '../soak/machines/look.ts';

const NAME = 'soak-machine';
const CYCLES = 2;
/** `SOAK_SEED=…` repeats a run. */
const seed = Number(process.env['SOAK_SEED'] ?? randomInt(1_000_000));

describe(`a sample of the machines' soak (SOAK_SEED=${seed})`, () => {
  const place = (): Place => ({
    home: world().home,
    env: world().env,
    wherry: (args) => world().wherry(args),
  });
  // As on a quiet computer with emulation: where it is slower, the blows come earlier in a command's life.
  const usual: Usual = { create: 6000, start: 6000, rm: 1000 };
  after(async () => {
    await world().wherry(['machine', 'rm', '-f', NAME]);
    await untilProcesses(world().home, NAME, ({ qemu, agent }) => qemu.length + agent.length === 0);
  });

  for (let index = 0; index < CYCLES; index += 1) {
    it(`ends rightly, cycle ${index + 1}`, async () => {
      const { failure, plan } = await soakCycle(place(), NAME, seed, index, usual);
      if (failure !== undefined) throw new Error(`${JSON.stringify(plan)}\n${failure}`);
    });
  }
});
