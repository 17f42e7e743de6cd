import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from '../../mutants/mutants.ts';
import { mutated } from '../../mutants/plant.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

describe('the mutants of `npm run mutants`', () => {
  for (const mutant of MUTANTS) {
    it(`can still be planted: ${mutant.what}`, () => {
      const text = readFileSync(join(repository, mutant.file), 'utf8');
      expect(mutated(text, mutant)).not.to.equal(text);
      for (const test of mutant.tests) expect(existsSync(join(repository, test)), test).to.equal(true);
    });
  }

  it('are refused where their text is gone or not alone', () => {
    const [mutant] = MUTANTS;
    if (mutant === undefined) throw new Error('there are no mutants');
    expect(() => mutated('', mutant)).to.throw('0 times, not once');
    expect(() => mutated(mutant.find.repeat(2), mutant)).to.throw('2 times, not once');
  });
});
