import { expect } from 'chai';
import { progressBar, throttledBytes } from '../../../../src/engine/images/progress.ts';
import type { ProgressLine } from '../../../../src/engine/images/progress.ts';

describe('progress lines', () => {
  it('draw a bar of 50', () => {
    expect(progressBar(0, 100)).to.equal(`[>${' '.repeat(50)}]      0B/100B`);
    expect(progressBar(50, 100)).to.equal(`[${'='.repeat(25)}>${' '.repeat(25)}]     50B/100B`);
    expect(progressBar(100, 100)).to.equal(`[${'='.repeat(50)}>]    100B/100B`);
  });
  it('come at most ten times a second, and the last one always', () => {
    const lines: ProgressLine[] = [];
    let now = 0;
    const tell = throttledBytes(
      (line) => lines.push(line),
      'Downloading',
      'abc',
      () => now,
    );
    for (let bytes = 1; bytes <= 300; bytes++) {
      now += 1;
      tell(bytes, 300);
    }
    expect(lines.map(({ progressDetail }) => progressDetail?.current)).to.deep.equal([1, 101, 201, 300]);
  });
});
