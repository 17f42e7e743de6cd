import { expect } from 'chai';
import { execConfig } from '../../../../../src/protocol/docker/exec.ts';
import { ExecRegistry, KEEP_ENDED_MS } from '../../../../../src/engine/containers/exec/exec-registry.ts';
import type { ExecSession } from '../../../../../src/engine/containers/exec/exec-registry.ts';

describe('exec sessions', () => {
  const session = (id: string): ExecSession => ({
    id,
    containerId: 'c',
    config: execConfig.parse({ Cmd: ['true'] }),
    state: { status: 'created' },
  });

  it('tell their exit code for five minutes after their end, and are forgotten then', () => {
    const timers: { readonly milliseconds: number; readonly action: () => void }[] = [];
    const registry = new ExecRegistry((milliseconds, action) => timers.push({ milliseconds, action }));
    const [ended, waiting] = [session('a'), session('b')];
    registry.add(ended);
    registry.add(waiting);
    registry.end(ended, 12, 3);
    expect(registry.find('a').state).to.deep.equal({ status: 'exited', pid: 12, exitCode: 3 });
    expect(registry.activeOf('c')).to.deep.equal(['b']);
    expect(timers.map(({ milliseconds }) => milliseconds)).to.deep.equal([KEEP_ENDED_MS]);
    timers[0]?.action();
    expect(() => registry.find('a')).to.throw('No such exec instance: a');
    expect(registry.find('b')).to.equal(waiting);
  });
});
