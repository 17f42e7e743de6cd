import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import { world } from '../helpers/e2e-hooks.ts';
import { soakStart, type Subject } from '../soak/harness.ts';

const NAME = 'soak-sample';
const STARTS = 3;
/** `SOAK_SEED=…` repeats a run. */
const seed = Number(process.env['SOAK_SEED'] ?? randomInt(1_000_000));

describe(`a sample of the soak (SOAK_SEED=${seed})`, () => {
  const subject = (): Subject => ({ home: world().home, name: NAME, wherry: (args) => world().wherry(args) });

  before(async () => {
    await world().ok(['machine', 'create', '--cpus', '1', '--memory', '1024', NAME]);
  });
  after(async () => {
    await world().ok(['machine', 'rm', '-f', NAME]);
  });

  for (let index = 0; index < STARTS; index += 1) {
    it(`reaches the engine's answer, start ${index + 1}`, async () => {
      const { failure } = await soakStart(subject(), seed, index);
      expect(failure).to.equal(undefined);
    });
  }
});
