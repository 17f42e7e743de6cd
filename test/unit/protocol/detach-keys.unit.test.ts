import { expect } from 'chai';
import { DetachScanner, parseDetachKeys } from '../../../src/protocol/streams/detach-keys.ts';

describe('detach keys', () => {
  const cases: readonly [string, readonly number[] | undefined][] = [
    ['', [0x10, 0x11]],
    ['ctrl-a,b', [1, 0x62]],
    ['ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,DEL', [0, 27, 28, 29, 30, 31, 127]],
    ['x', [0x78]],
    ['ctrl-A', undefined],
    ['ctrl-', undefined],
    ['ctrl-ab', undefined],
    ['ab', undefined],
    ['a,', undefined],
    ['é', undefined],
  ];
  for (const [text, keys] of cases) {
    it(`reads ${JSON.stringify(text)}`, () => {
      expect(parseDetachKeys(text)).to.deep.equal(keys === undefined ? undefined : Buffer.from(keys));
    });
  }

  const scan = (keys: string, ...pieces: readonly string[]): [string, boolean] => {
    const scanner = new DetachScanner(Buffer.from(keys));
    let input = '';
    for (const piece of pieces) {
      const { input: passed, detached } = scanner.push(Buffer.from(piece));
      input += passed.toString();
      if (detached) return [input, true];
    }
    return [input, false];
  };

  it('are found whole, in pieces, and after false beginnings', () => {
    expect(scan('pq', 'one pq two')).to.deep.equal(['one ', true]);
    expect(scan('pq', 'p', 'q')).to.deep.equal(['', true]);
    expect(scan('pq', 'ap', 'pq')).to.deep.equal(['ap', true]);
    expect(scan('aab', 'a', 'a', 'a', 'b')).to.deep.equal(['a', true]);
    expect(scan('x', 'ax')).to.deep.equal(['a', true]);
  });

  it('let everything else through, a beginning as soon as it is none', () => {
    expect(scan('pq', 'p', 'x', 'q')).to.deep.equal(['pxq', false]);
    expect(scan('pq', 'p')).to.deep.equal(['', false]);
    expect(scan('aab', 'aa', 'c', 'ab')).to.deep.equal(['aacab', false]);
  });
});
