import { expect } from 'chai';
import {
  contains,
  formatAddress,
  formatSubnet,
  macBytes,
  macOf,
  overlap,
  parseAddress,
  parseSubnet,
} from '../../../../src/engine/networks/address.ts';
import { AddressPool, freeSubnet } from '../../../../src/engine/networks/ipam.ts';

describe('IPv4 addresses', () => {
  it('goes both ways, the upper half too', () => {
    for (const text of ['0.0.0.0', '10.0.2.15', '172.17.0.1', '255.255.255.255']) {
      expect(formatAddress(parseAddress(text))).to.equal(text);
    }
    expect(parseAddress('172.17.0.1')).to.equal(0xac110001);
  });

  it('refuses what is none', () => {
    for (const text of ['', '1.2.3', '1.2.3.256', '::1', '01.2.3.4']) {
      expect(() => parseAddress(text), text).to.throw('invalid IPv4 address');
    }
  });

  it('parses subnets and says what is wrong with one', () => {
    expect(formatSubnet(parseSubnet('10.1.2.0/24'))).to.equal('10.1.2.0/24');
    expect(() => parseSubnet('10.1.2.3/24')).to.throw('it should be 10.1.2.0/24');
    expect(() => parseSubnet('10.1.2.0')).to.throw('invalid subnet');
    expect(() => parseSubnet('10.1.2.0/31')).to.throw('/8 to /30');
  });

  it('knows containment and overlap', () => {
    const wide = parseSubnet('172.18.0.0/16');
    expect(contains(wide, parseAddress('172.18.255.255'))).to.equal(true);
    expect(contains(wide, parseAddress('172.19.0.0'))).to.equal(false);
    expect(overlap(wide, parseSubnet('172.18.5.0/24'))).to.equal(true);
    expect(overlap(wide, parseSubnet('172.19.0.0/24'))).to.equal(false);
  });

  it('derives MAC addresses as Docker does', () => {
    expect(macOf('172.17.0.2')).to.equal('02:42:ac:11:00:02');
    expect(macBytes('02:42:ac:11:00:02').toString('hex')).to.equal('0242ac110002');
    expect(() => macBytes('02:42:ac:11:00')).to.throw('invalid MAC address');
  });
});

describe('AddressPool', () => {
  it('hands out what is free, goes round, and knows what is reserved', () => {
    const pool = new AddressPool(parseSubnet('10.0.0.0/29'), '10.0.0.1');
    expect([1, 2, 3, 4, 5].map(() => pool.take())).to.deep.equal([
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.4',
      '10.0.0.5',
      '10.0.0.6',
    ]);
    expect(() => pool.take()).to.throw('no available IPv4 addresses');
    pool.release('10.0.0.3');
    expect(pool.take()).to.equal('10.0.0.3');
  });

  it('does not give an address to the next one at once', () => {
    const pool = new AddressPool(parseSubnet('10.0.0.0/24'), '10.0.0.1');
    pool.release(pool.take());
    expect(pool.take()).to.equal('10.0.0.3');
  });

  it('takes a wanted address, once', () => {
    const pool = new AddressPool(parseSubnet('10.0.0.0/24'), '10.0.0.1');
    expect(pool.take('10.0.0.9')).to.equal('10.0.0.9');
    expect(() => pool.take('10.0.0.9')).to.throw('Address already in use');
    expect(() => pool.take('10.0.0.1')).to.throw('Address already in use');
    expect(() => pool.take('10.0.1.9')).to.throw("not in the network's subnet");
  });
});

describe('freeSubnet', () => {
  it('goes through Docker’s pools', () => {
    expect(formatSubnet(freeSubnet([]))).to.equal('172.18.0.0/16');
    expect(formatSubnet(freeSubnet([parseSubnet('172.18.3.0/24')]))).to.equal('172.19.0.0/16');
    const all = Array.from({ length: 14 }, (_, index) => parseSubnet(`172.${18 + index}.0.0/16`));
    expect(formatSubnet(freeSubnet(all))).to.equal('192.168.0.0/20');
    expect(() => freeSubnet([...all, parseSubnet('192.168.0.0/16')])).to.throw('address pool');
  });
});
