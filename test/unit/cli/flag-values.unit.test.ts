import { expect } from 'chai';
import { parseMebibytes } from '../../../src/cli/flags/memory.ts';
import { timestamp } from '../../../src/cli/flags/timestamp.ts';

describe('values of flags', () => {
  it('sizes of machines: MiB or GiB where no unit is given', () => {
    expect(parseMebibytes('2048', '--memory')).to.equal(2048);
    expect(parseMebibytes('2g', '--memory')).to.equal(2048);
    expect(parseMebibytes('40', '--disk', 'g')).to.equal(40 * 1024);
    expect(() => parseMebibytes('plenty', '--memory')).to.throw(
      /invalid argument "plenty" for "--memory" flag/,
    );
    expect(() => parseMebibytes('1k', '--memory')).to.throw(/invalid argument/);
  });

  it('times: seconds, dates, and durations before now', () => {
    expect(timestamp(undefined)).to.equal(undefined);
    expect(timestamp('1700000000.5')).to.equal('1700000000.5');
    expect(timestamp('2013-01-02T13:23:37Z')).to.equal('1357133017');
    const now = Date.now() / 1000;
    expect(Number(timestamp('1h30m'))).to.be.closeTo(now - 5400, 2);
  });
});
