import { randomInt } from 'node:crypto';
import { world } from '../helpers/e2e-hooks.ts';
import { createVictim } from '../soak/image-crashes/machine-victim.ts';
import { crashRound } from '../soak/image-crashes/round.ts';

const NAME = 'image-crashes';
const POINTS = 10;
/** One fewer than the soak has: each is started at each point. */
const IMAGES = 3;
/** `SOAK_SEED=…` repeats a run. */
const seed = Number(process.env['SOAK_SEED'] ?? randomInt(1_000_000));

describe(`a sample of crashes amid pulls and removals (SOAK_SEED=${seed})`, () => {
  let victim: Awaited<ReturnType<typeof createVictim>>;

  before(async () => {
    victim = await createVictim(world(), NAME, seed, IMAGES);
  });
  after(async () => {
    await victim.destroy();
  });

  for (let index = 0; index < POINTS; index += 1) {
    it(`loses and leaves nothing, point ${index + 1}`, async () => {
      const { failure, ...point } = await crashRound(victim, seed, index);
      if (failure !== undefined) throw new Error(`${JSON.stringify(point)}\n${failure}`);
    });
  }
});
