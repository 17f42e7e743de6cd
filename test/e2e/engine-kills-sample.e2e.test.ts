import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import { world } from '../helpers/e2e-hooks.ts';
import { machineVictim } from '../soak/engine-kills/main.ts';
import { killRound } from '../soak/engine-kills/round.ts';

const ROUNDS = 2;
/** `SOAK_SEED=…` repeats a run. */
const seed = Number(process.env['SOAK_SEED'] ?? randomInt(1_000_000));

describe(`a sample of kill -9 of the engine under load (SOAK_SEED=${seed})`, () => {
  before(async () => {
    await world().ok(['pull', '-q', world().image('busybox')]);
  });

  for (let index = 0; index < ROUNDS; index += 1) {
    it(`loses and leaves no container, round ${index + 1}`, async () => {
      const { containers, failure } = await killRound(machineVictim(world()), seed, index);
      if (failure !== undefined) throw new Error(failure);
      expect(containers).to.be.at.least(1);
    });
  }
});
