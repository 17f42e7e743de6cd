import { expect } from 'chai';
import { attribute, parseAttributes } from '../../../../src/engine/networks/netlink.ts';
import { hostNetworkRuleset, ruleset } from '../../../../src/engine/networks/rules.ts';

describe('netlink attributes', () => {
  it('are length, type, value, padded to four bytes (netlink(7))', () => {
    expect(attribute(3, 'lo').toString('hex')).to.equal('070003006c6f0000');
    expect(attribute(10, 258).toString('hex')).to.equal('08000a0002010000');
  });

  it('are read back, and what does not fit is left out', () => {
    const bytes = Buffer.concat([attribute(1, 7), attribute(3, 'eth0'), Buffer.from('ff000500', 'hex')]);
    const found = parseAttributes(bytes);
    expect([...found.keys()]).to.deep.equal([1, 3]);
    expect(found.get(3)?.toString()).to.equal('eth0\0');
  });
});

describe('the firewall rules', () => {
  const text = ruleset([{ interfaceName: 'wherry0', subnet: '172.17.0.0/16' }], ['192.168.7.0/24']);

  it('close the machines’ own ports on the host to containers, before anything is accepted', () => {
    const forward = text.slice(text.indexOf('chain forward'));
    const guard = forward.indexOf('ip daddr @guarded meta l4proto { tcp, udp } th dport 42200-42999 reject');
    expect(guard).to.be.greaterThan(0);
    expect(guard).to.be.lessThan(forward.indexOf('accept', forward.indexOf('policy accept') + 13));
    expect(text).to.include('elements = { 10.0.2.0/24, 192.168.7.0/24 }');
  });

  it('let containers reach nothing of the VM but DNS and ICMP', () => {
    const input = text.slice(text.indexOf('chain input')).trim();
    expect(input).to.match(/th dport 53 accept\n\s+meta l4proto icmp accept\n\s+reject\n\s+}\n}$/);
  });

  it('tell containers on the network of the VM by the cgroup of their sockets, at its depth', () => {
    const host = hostNetworkRuleset('/outer/wherry', []);
    expect(host).to.include('socket cgroupv2 level 2 "outer/wherry" jump containers');
    expect(host).to.include('oifname "lo" tcp dport 22 reject');
  });
});
