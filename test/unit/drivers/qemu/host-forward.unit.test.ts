import { expect } from 'chai';
import { parseForwards } from '../../../../src/drivers/qemu/host-forward.ts';

/** `info usernet` of QEMU 7.2 with a forward on all addresses, one on the loopback, one of UDP, and a connection. */
const ANSWER = [
  'Hub -1 (net0):',
  '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
  '  TCP[ESTABLISHED]   25       127.0.0.1 42200       10.0.2.15    22     0     0',
  '  TCP[HOST_FORWARD]  13               *  8080       10.0.2.15 61000     0     0',
  '  TCP[HOST_FORWARD]  12       127.0.0.1 42200       10.0.2.15    22     0     0',
  '  UDP[HOST_FORWARD]  14       127.0.0.1  5000       10.0.2.15  5000     0     0',
].join('\r\n');

describe('the forwards that QEMU lists', () => {
  it('are read out of its words', () => {
    expect(parseForwards(ANSWER)).to.deep.equal([
      { proto: 'tcp', hostAddress: '0.0.0.0', hostPort: 8080, guestPort: 61_000 },
      { proto: 'tcp', hostAddress: '127.0.0.1', hostPort: 42_200, guestPort: 22 },
      { proto: 'udp', hostAddress: '127.0.0.1', hostPort: 5000, guestPort: 5000 },
    ]);
    expect(parseForwards('')).to.deep.equal([]);
  });
});
