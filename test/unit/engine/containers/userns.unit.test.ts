import { expect } from 'chai';
import { hasOwnUsers, userDonor } from '../../../../src/engine/containers/userns/choose.ts';
import { IdRanges } from '../../../../src/engine/containers/userns/ranges.ts';

const NOTHING = { UsernsMode: '', Privileged: false, NetworkMode: 'bridge', PidMode: '', IpcMode: '' };

describe('ranges of user ids', () => {
  it('are apart, given back, and kept for as long as anybody has them', () => {
    const ranges = new IdRanges();
    const first = ranges.allocate('a');
    expect(first).to.deep.equal({ first: 524_288, size: 65_536 });
    expect(ranges.allocate('b').first).to.equal(first.first + first.size);
    expect(ranges.share('c', 'a')).to.deep.equal(first);
    ranges.release('a');
    ranges.release('a');
    expect(ranges.rangeOf('a')).to.equal(undefined);
    expect(ranges.allocate('d').first, "c has a's still").to.equal(first.first + 2 * first.size);
    ranges.release('c');
    expect(ranges.allocate('e')).to.deep.equal(first);
    expect(ranges.share('f', 'nobody')).to.equal(undefined);
  });

  it('come back with the records of an earlier engine', () => {
    const ranges = new IdRanges();
    ranges.restore('old', { first: 524_288, size: 65_536 });
    expect(ranges.rangeOf('old')).to.deep.equal({ first: 524_288, size: 65_536 });
    expect(ranges.allocate('new').first).to.equal(524_288 + 65_536);
  });

  it('end where ids end', () => {
    const ranges = new IdRanges();
    ranges.restore('last but one', { first: 2 ** 31 - 65_536, size: 65_536 });
    expect(ranges.rangeOf('last but one')?.first).to.equal(2 ** 31 - 65_536);
  });
});

describe('who has user ids of their own', () => {
  it('says the container, or else the machine', () => {
    expect(hasOwnUsers(NOTHING, 'host')).to.equal(false);
    expect(hasOwnUsers(NOTHING, 'auto')).to.equal(true);
    expect(hasOwnUsers({ ...NOTHING, UsernsMode: 'auto' }, 'host')).to.equal(true);
    expect(hasOwnUsers({ ...NOTHING, UsernsMode: 'host', Privileged: true }, 'auto')).to.equal(false);
    expect(hasOwnUsers({ ...NOTHING, Privileged: true }, 'host')).to.equal(false);
    expect(() => hasOwnUsers({ ...NOTHING, UsernsMode: 'keep-id' }, 'host')).to.throw(
      'invalid USER mode: keep-id',
    );
    expect(() => hasOwnUsers({ ...NOTHING, Privileged: true }, 'auto')).to.throw(
      /^privileged mode is incompatible/,
    );
  });

  it('is the container whose namespaces are shared, and only one', () => {
    const records = new Map([
      ['a', { id: 'a', idRange: { first: 524_288, size: 65_536 } }],
      ['b', { id: 'b', idRange: { first: 589_824, size: 65_536 } }],
      ['plain', { id: 'plain' }],
    ]);
    const find = (reference: string) => records.get(reference);
    expect(userDonor(NOTHING, find)).to.equal(undefined);
    expect(userDonor({ ...NOTHING, PidMode: 'container:a', IpcMode: 'container:a' }, find)?.id).to.equal('a');
    expect(userDonor({ ...NOTHING, NetworkMode: 'container:gone' }, find)).to.equal(undefined);
    expect(() => userDonor({ ...NOTHING, PidMode: 'container:a', IpcMode: 'container:b' }, find)).to.throw(
      'cannot share namespaces of containers that have different user namespaces',
    );
    expect(() => userDonor({ ...NOTHING, UsernsMode: 'auto', PidMode: 'container:plain' }, find)).to.throw(
      'use --userns=host',
    );
  });
});
