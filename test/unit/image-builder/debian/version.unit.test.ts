import { expect } from 'chai';
import { compareVersions, satisfies } from '../../../../src/image-builder/debian/version.ts';
import { ASCENDING, EQUAL } from './version-cases.ts';

/** Whether `version << 1.5`, `<=`, `=`, `>=`, `>>`. */
function answers(version: string): boolean[] {
  return (['<<', '<=', '=', '>=', '>>'] as const).map((relation) => satisfies(version, relation, '1.5'));
}

describe('debian versions', () => {
  for (const list of ASCENDING) {
    it(`orders ${list.join(' < ')}`, () => {
      list.forEach((left, i) => {
        list.forEach((right, j) => {
          expect(Math.sign(compareVersions(left, right)), `${left} ? ${right}`).to.equal(Math.sign(i - j));
        });
      });
    });
  }

  for (const [left, right] of EQUAL) {
    it(`takes ${left} and ${right} for the same`, () => {
      expect(compareVersions(left, right)).to.equal(0);
      expect(compareVersions(right, left)).to.equal(0);
    });
  }

  it('compares numbers beyond 2^53', () => {
    expect(compareVersions('1.90071992547409930', '1.90071992547409931')).to.be.lessThan(0);
  });

  it('answers every relation', () => {
    expect(answers('1.4')).to.deep.equal([true, true, false, false, false]);
    expect(answers('1.5')).to.deep.equal([false, true, true, true, false]);
    expect(answers('1.6')).to.deep.equal([false, false, false, true, true]);
  });
});
