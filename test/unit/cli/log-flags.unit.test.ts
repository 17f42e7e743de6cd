import { expect } from 'chai';
import { logFields } from '../../../src/cli/flags/log-driver.ts';

describe('--log-driver and --log-opt', () => {
  it('are what docker makes of them', () => {
    expect(logFields({})).to.deep.equal({});
    expect(logFields({ 'log-driver': 'none' })).to.deep.equal({ LogConfig: { Type: 'none', Config: {} } });
    expect(logFields({ 'log-opt': ['max-size=10m', 'tag=a=b', 'odd'] })).to.deep.equal({
      LogConfig: { Type: '', Config: { 'max-size': '10m', tag: 'a=b', odd: '' } },
    });
    expect(() => logFields({ 'log-driver': 'none', 'log-opt': ['x=1'] })).to.throw(
      'invalid logging opts for driver none',
    );
  });
});
