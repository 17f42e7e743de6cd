import { expect } from 'chai';
import {
  addressBytes6,
  formatAddress6,
  formatSubnet6,
  parseAddress6,
  parseSubnet6,
} from '../../../../src/engine/networks/address6.ts';
import { parseSubnet } from '../../../../src/engine/networks/address.ts';
import { bridgeOptions } from '../../../../src/engine/networks/bridge-options.ts';
import { gatewayOf } from '../../../../src/engine/networks/host-address.ts';
import { AddressPool } from '../../../../src/engine/networks/ipam.ts';
import { AddressPool6, freeSubnet6 } from '../../../../src/engine/networks/ipam6.ts';
import { planAddresses, planAddresses6 } from '../../../../src/engine/networks/plan-network.ts';

describe('IPv6 addresses', () => {
  it('are written as RFC 5952 has them', () => {
    for (const [text, canonical] of [
      ['::', '::'],
      ['::1', '::1'],
      ['fd00::', 'fd00::'],
      ['FD00:0:0:1::0A', 'fd00:0:0:1::a'],
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
      ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
      ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ] as const) {
      expect(formatAddress6(parseAddress6(text)), text).to.equal(canonical);
    }
    expect(addressBytes6('fd00::1').toString('hex')).to.equal('fd000000000000000000000000000001');
    for (const text of ['', '1.2.3.4', 'fe80::1%eth0', '1::2::3']) {
      expect(() => parseAddress6(text), text).to.throw('invalid IPv6 address');
    }
    expect(() => parseSubnet6('fd00::1/64')).to.throw('it should be fd00::/64');
  });

  it('come from a pool like the others', () => {
    const pool = new AddressPool6(parseSubnet6('fd00::/125'), 'fd00::1', { reserved: ['fd00::3'] });
    expect([pool.take(), pool.take('fd00::6'), pool.take(), pool.take(), pool.take()]).to.deep.equal([
      'fd00::2',
      'fd00::6',
      'fd00::4',
      'fd00::5',
      'fd00::7',
    ]);
    expect(() => pool.take()).to.throw('no available IPv6 addresses');
    expect(() => pool.take('fd00::6')).to.throw('Address already in use');
    expect(() => pool.take('fd01::6')).to.throw("not in the network's subnet");
    pool.release('fd00::4');
    expect(pool.take()).to.equal('fd00::4');
  });

  it('of networks that nobody chose are local and unlike', () => {
    const [a, b] = [freeSubnet6([]), freeSubnet6([])];
    expect(formatSubnet6(a)).to.match(/^fd[0-9a-f]{2}:.*::\/64$/);
    expect(a.base).not.to.equal(b.base);
  });
});

describe('the addresses of a new network', () => {
  const used = [parseSubnet('172.18.0.0/16')];

  it('are chosen where nobody chose, and said to be so', () => {
    expect(planAddresses({}, used, [])).to.deep.equal({
      subnet: '172.19.0.0/16',
      gateway: '172.19.0.1',
      automatic: true,
    });
    expect(planAddresses({}, used, [parseSubnet('172.19.0.0/16')]).subnet).to.equal('172.20.0.0/16');
  });

  it('are the ones asked for', () => {
    const plan = planAddresses(
      { subnet: '10.9.0.0/16', ipRange: '10.9.4.0/24', auxAddresses: { router: '10.9.0.5' } },
      used,
      [],
    );
    expect(plan).to.deep.equal({
      subnet: '10.9.0.0/16',
      gateway: '10.9.4.0',
      ipRange: '10.9.4.0/24',
      auxAddresses: { router: '10.9.0.5' },
    });
    expect(planAddresses6({ subnet: 'fd00:9::/64' }, [])).to.deep.equal({
      subnet: 'fd00:9::/64',
      gateway: 'fd00:9::1',
    });
  });

  it('are refused in docker’s words', () => {
    const cases: [object, string][] = [
      [{ subnet: '172.18.4.0/24' }, 'Pool overlaps with other one on this address space'],
      [{ subnet: '10.9.0.1/24' }, 'invalid subnet 10.9.0.1/24: it should be 10.9.0.0/24'],
      [
        { subnet: '10.9.0.0/24', gateway: '10.8.0.1' },
        "invalid gateway 10.8.0.1: parent subnet 10.9.0.0/24 doesn't contain this address",
      ],
      [{ subnet: '10.9.0.0/24', gateway: 'fd00::1' }, 'invalid gateway fd00::1: invalid address'],
      [
        { subnet: '10.9.0.0/24', ipRange: '10.9.0.0/16' },
        'invalid ip-range 10.9.0.0/16: CIDR block is bigger than its parent subnet 10.9.0.0/24',
      ],
      [
        { subnet: '10.9.0.0/24', ipRange: '10.8.0.0/28' },
        "invalid ip-range 10.8.0.0/28: parent subnet 10.9.0.0/24 doesn't contain ip-range",
      ],
      [
        { subnet: '10.9.0.0/24', auxAddresses: { a: '10.8.0.4' } },
        "invalid auxiliary address a: parent subnet 10.9.0.0/24 doesn't contain this address",
      ],
    ];
    for (const [wishes, message] of cases) {
      expect(() => planAddresses(wishes, used, []), message).to.throw(message);
    }
  });

  it('within a range come from there, but for those that users choose', () => {
    const limits = { range: parseSubnet('10.9.4.0/30'), reserved: ['10.9.4.2'] };
    const pool = new AddressPool(parseSubnet('10.9.0.0/16'), '10.9.4.0', limits);
    expect([pool.take(), pool.take()]).to.deep.equal(['10.9.4.1', '10.9.4.3']);
    expect(() => pool.take()).to.throw('no available IPv4 addresses');
    expect(pool.take('10.9.200.1')).to.equal('10.9.200.1');
    expect(() => pool.take('10.9.4.2')).to.throw('Address already in use');
  });
});

describe('options of the bridge driver', () => {
  it('are read as docker reads them', () => {
    expect(bridgeOptions({})).to.deep.equal({
      interfaceName: undefined,
      icc: true,
      masquerade: true,
      mtu: undefined,
    });
    expect(
      bridgeOptions({
        'com.docker.network.bridge.name': 'br-mine',
        'com.docker.network.bridge.enable_icc': 'False',
        'com.docker.network.bridge.enable_ip_masquerade': '0',
        'com.docker.network.driver.mtu': '1400',
      }),
    ).to.deep.equal({ interfaceName: 'br-mine', icc: false, masquerade: false, mtu: 1400 });
  });

  it('are refused by name where they mean nothing, or nothing good', () => {
    const refused: [Record<string, string>, string][] = [
      [{ 'com.docker.network.bridge.name': 'x"; drop' }, 'invalid bridge name'],
      [{ 'com.docker.network.bridge.name': 'more-than-fifteen' }, 'invalid bridge name'],
      [{ 'com.docker.network.bridge.enable_icc': 'maybe' }, 'invalid syntax'],
      [{ 'com.docker.network.driver.mtu': '9' }, 'mtu'],
      [{ colour: 'red' }, 'network option colour is not implemented by Wherry yet'],
    ];
    for (const [options, message] of refused) expect(() => bridgeOptions(options), message).to.throw(message);
  });
});

describe("the user's computer", () => {
  it("is the VM's gateway", () => {
    const table = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wherry0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t00000000\t0202000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
`;
    expect(gatewayOf(table)).to.equal('10.0.2.2');
    expect(gatewayOf(table.split('\n').slice(0, 2).join('\n'))).to.equal(undefined);
  });
});
