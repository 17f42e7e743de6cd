import { expect } from 'chai';
import { reportFailures } from '../../../../src/engine/networks/dns/upstream.ts';
import type { Query } from '../../../../src/engine/networks/dns/message.ts';

describe('upstream resolvers that fail', () => {
  it('are reported once, and again after they answered', async () => {
    const outcomes = [false, false, true, true, false];
    const reported: string[] = [];
    const upstream = reportFailures(
      {
        ask: async () => {
          if (outcomes.shift() === true) return Buffer.from('answer');
          throw new Error('no answer');
        },
      },
      (error) => reported.push((error as Error).message),
    );
    const seen: string[] = [];
    for (let at = 0; at < 5; at += 1) {
      const answer = upstream.ask(Buffer.alloc(0), {} as Query, 'udp');
      seen.push(await answer.then(String, (error: unknown) => (error as Error).message));
    }
    expect(seen).to.deep.equal(['no answer', 'no answer', 'answer', 'answer', 'no answer']);
    expect(reported).to.deep.equal(['no answer', 'no answer']);
  });
});
