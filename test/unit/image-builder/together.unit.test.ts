import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { together } from '../../../src/image-builder/together.ts';

describe('works side by side', () => {
  it('give their results in order, whichever ends first', async () => {
    const results = await together(
      undefined,
      async () => pause(5, 'slow'),
      async () => 2,
    );
    expect(results).to.deep.equal(['slow', 2]);
  });

  it('stop at the first failure, which is thrown when all have ended', async () => {
    const events: string[] = [];
    const failing = together(
      undefined,
      async () => {
        throw new Error('first');
      },
      async (signal) => {
        await pause(5);
        events.push(signal.aborted ? 'told to stop' : 'not told');
        throw new Error('second');
      },
    );
    const error = await failing.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.an('error').with.property('message', 'first');
    expect(events).to.deep.equal(['told to stop']);
  });

  it('are told when the caller stops', async () => {
    const caller = new AbortController();
    const waiting = together(caller.signal, async (signal) => pause(60_000, undefined, { signal }));
    caller.abort(new Error('enough'));
    const error = await waiting.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.an('error').with.property('name', 'AbortError');
  });
});
