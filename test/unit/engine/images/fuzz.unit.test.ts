import { expect } from 'chai';
import { TARGETS, fuzzRound } from '../../../soak/fuzz/fuzz.ts';

/** `npm run soak -- fuzz --seed N` goes on for as long as one likes. */
const SEED = Number(process.env['WHERRY_FUZZ_SEED'] ?? 1);
const ROUNDS: Readonly<Record<string, number>> = { tar: 400, manifest: 600, reference: 1500, header: 800 };

describe('what strangers wrote, at random', () => {
  for (const target of TARGETS) {
    it(`${target.name}: read or refused in its own words, never misread`, () => {
      for (let round = 0; round < (ROUNDS[target.name] ?? 100); round++)
        expect(fuzzRound(target, SEED, round)).to.equal(undefined);
    });
  }
});
