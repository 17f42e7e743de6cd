import { expect } from 'chai';
import { binarySize, humanDuration, humanSize, parseSize } from '../../../src/core/units.ts';

// Expected values: docker/go-units v0.5, duration_test.go and size_test.go facts.
describe('units', () => {
  it('prints durations as docker does', () => {
    const golden: [number, string][] = [
      [0.45, 'Less than a second'],
      [1, '1 second'],
      [45, '45 seconds'],
      [59.9, '59 seconds'],
      [60, 'About a minute'],
      [180, '3 minutes'],
      [3600, 'About an hour'],
      [5400 - 1, 'About an hour'],
      [3 * 3600, '3 hours'],
      [24 * 3600, '24 hours'],
      [3 * 24 * 3600, '3 days'],
      [14 * 24 * 3600, '2 weeks'],
      [20 * 24 * 3600, '2 weeks'],
      [60 * 24 * 3600, '2 months'],
      [2 * 365 * 24 * 3600, '2 years'],
    ];
    for (const [seconds, text] of golden) expect(humanDuration(seconds), String(seconds)).to.equal(text);
  });

  it('prints and parses sizes', () => {
    expect(humanSize(4_264_832, 3)).to.equal('4.26MB');
    expect(
      [0, 999, 1000, 1_982_786, 103_000_000, 2_500_000_000].map((bytes) => humanSize(bytes)),
    ).to.deep.equal(['0B', '999B', '1kB', '1.983MB', '103MB', '2.5GB']);
    expect(binarySize(2_084_372_480)).to.equal('1.941GiB');
    expect(parseSize('32m')).to.equal(33_554_432);
    expect(parseSize('1.5GiB')).to.equal(1_610_612_736);
    expect(parseSize('512')).to.equal(512);
    expect(parseSize('ten')).to.equal(undefined);
  });
});
