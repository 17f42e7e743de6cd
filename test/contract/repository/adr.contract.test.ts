import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const pages = readdirSync(join(import.meta.dirname, '../../../docs/adr')).filter((name) => /^\d/.test(name));

describe('the pages of decisions', () => {
  it('have a number each, with none left out', () => {
    const numbers = pages.map((name) => Number(name.slice(0, 4))).toSorted((a, b) => a - b);
    expect(numbers).to.deep.equal(numbers.map((_, at) => at + 1));
  });
});
