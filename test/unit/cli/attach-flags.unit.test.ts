import { expect } from 'chai';
import { attachedStreams } from '../../../src/cli/flags/attach.ts';

describe('which streams are attached', () => {
  const streams = (flags: Partial<Parameters<typeof attachedStreams>[0]>): string[] =>
    [...attachedStreams({ detach: false, interactive: false, ...flags })].toSorted();

  it("follows docker's client", () => {
    expect(streams({})).to.deep.equal(['stderr', 'stdout']);
    expect(streams({ interactive: true })).to.deep.equal(['stderr', 'stdin', 'stdout']);
    expect(streams({ attach: ['STDERR'] })).to.deep.equal(['stderr']);
    expect(streams({ attach: ['stdout'], interactive: true })).to.deep.equal(['stdin', 'stdout']);
    expect(streams({ detach: true, interactive: true })).to.deep.equal([]);
  });

  it('refuses what is no stream, and attaching to a detached container', () => {
    expect(() => streams({ attach: ['out'] })).to.throw('valid streams are STDIN, STDOUT and STDERR');
    expect(() => streams({ attach: ['stdout'], detach: true })).to.throw(
      'conflicting options: cannot specify both --attach and --detach',
    );
  });
});
