import { expect } from 'chai';
import { fitsLabels, parseFilters } from '../../../../src/engine/filters.ts';

describe('filters', () => {
  it('come as maps and as lists', () => {
    const text = '{"status":{"running":true,"paused":false},"label":["a=b"],"id":[]}';
    expect([...parseFilters(text, ['status', 'label', 'id'])]).to.deep.equal([
      ['status', ['running']],
      ['label', ['a=b']],
    ]);
    for (const filters of ['[', '[]', '"x"', '{"a":1}']) {
      expect(() => parseFilters(filters, ['a']), filters).to.throw(/invalid filters/);
    }
  });

  it('fit labels when all of `label` hold and not all of `label!` do, as in moby', () => {
    const labels = { tier: 'front', empty: '', expression: 'a=b' };
    const fits = (filters: object): boolean =>
      fitsLabels(parseFilters(JSON.stringify(filters), ['label', 'label!']), labels);
    expect(fits({})).to.equal(true);
    expect(fits({ label: ['tier', 'tier=front', 'empty=', 'expression=a=b'] })).to.equal(true);
    expect(fits({ label: ['tier=front', 'nope'] })).to.equal(false);
    expect(fits({ label: ['tier='] })).to.equal(false);
    expect(fits({ label: ['toString'] })).to.equal(false);
    expect(fits({ 'label!': ['tier'] })).to.equal(false);
    expect(fits({ 'label!': ['tier', 'nope'] })).to.equal(true);
  });
});
