import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import { world } from '../helpers/e2e-hooks.ts';
import { machineSubject } from '../soak/containers/machine-subject.ts';
import { soakContainers } from '../soak/containers/soak.ts';

const COUNT = 8;
const PARALLEL = 10;
/** `SOAK_SEED=…` repeats a run. */
const seed = Number(process.env['SOAK_SEED'] ?? randomInt(1_000_000));

describe(`a sample of the containers' soak (SOAK_SEED=${seed})`, () => {
  it('execs and containers leave nothing behind, one after another and side by side', async () => {
    const tally = await soakContainers(machineSubject(world()), {
      seed,
      count: COUNT,
      parallel: PARALLEL,
      tally: undefined,
    });
    expect(tally.failures).to.deep.equal([]);
    expect(tally.sittings.map(({ leaks }) => leaks)).to.deep.equal(['']);
    expect(tally.parallel).to.deep.include({ running: PARALLEL, failures: [] });
  });
});
