import { Socket } from 'node:net';
import { expect } from 'chai';
import { AgentConnection } from '../../../../src/engine/ports/agent-connection.ts';

describe('the connection of an agent', () => {
  it('answers nothing before everyone knows that it has gone: whoever asks again would ask it for ever', async () => {
    let gone = false;
    const connection = new AgentConnection(new Socket(), () => (gone = true));
    // In a microtask, as the engine's answers arrive: nothing else runs before the next ones are through.
    await Promise.resolve();
    connection.end();
    const answer = await connection.ask({ op: 'keep', forwards: [] });
    expect([answer, gone]).to.deep.equal([undefined, true]);
    expect(await connection.ask({ op: 'keep', forwards: [] }), 'later').to.equal(undefined);
  });
});
