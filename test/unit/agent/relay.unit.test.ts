import { expect } from 'chai';
import { once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { text } from './collect.ts';
import { setImmediate as turn } from 'node:timers/promises';
import { relay } from '../../../src/agent/relay.ts';

/** A relay between two pairs: what is written to `left` comes out of `right`. */
function joined(): { left: Duplex; right: Duplex; done: Promise<void> } {
  const [left, a] = duplexPair({ allowHalfOpen: true });
  const [b, right] = duplexPair({ allowHalfOpen: true });
  for (const end of [left, right]) end.on('error', () => undefined);
  return { left, right, done: relay(a, b) };
}

describe('relay', () => {
  it('passes bytes both ways and one end at a time', async () => {
    const { left, right, done } = joined();
    left.end('question');
    expect(await text(right)).to.equal('question');
    right.end('answer');
    expect(await text(left)).to.equal('answer');
    await done;
  });

  it('slows the writer down when the reader doesn’t read', async () => {
    const { left, right } = joined();
    const chunk = Buffer.alloc(16 * 1024);
    let written = 0;
    while (written < 64 * 1024 * 1024 && left.write(chunk)) {
      written += chunk.length;
      await turn();
    }
    expect(written).to.be.below(1024 * 1024);
    right.resume();
    await once(left, 'drain');
  });

  it('closes the other side when one breaks', async () => {
    const { left, right, done } = joined();
    const closed = once(right.resume(), 'close');
    left.destroy(new Error('gone'));
    right.end();
    await closed;
    await done;
  });
});
