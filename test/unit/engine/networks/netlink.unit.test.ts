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
  const bridge = {
    interfaceName: 'wherry0',
    ipv4: { subnet: '172.17.0.0/16', gateway: '172.17.0.1' },
    internal: false,
    icc: true,
    masquerade: true,
  };
  const text = ruleset([bridge], ['192.168.7.0/24']);

  it('close the machines’ own ports on the host to containers, before any new connection is accepted', () => {
    const forward = text.slice(text.indexOf('chain forward'));
    const answers = forward.indexOf('ct state established,related accept');
    const guard = forward.indexOf('ip daddr @guarded meta l4proto { tcp, udp } th dport 42200-42999 reject');
    expect(answers).to.be.greaterThan(0);
    expect(guard, 'a client of a published port may come from one of them').to.be.greaterThan(answers);
    const accepted = [...forward.matchAll(/ accept$/gm)].map(({ index }) => index);
    expect(accepted.filter((index) => index < guard)).to.have.length(1);
    expect(text).to.include('elements = { 10.0.2.0/24, 192.168.7.0/24 }');
  });

  it('close the host to containers where the machine says so; its resolver stays for the VM’s own network', () => {
    const closed = ruleset([bridge], [], false);
    expect(closed).to.include('iifname @bridges ip daddr @guarded reject');
    expect(text).not.to.include('iifname @bridges ip daddr @guarded reject');
    const ipv6 = { subnet: 'fd00:1::/64', gateway: 'fd00:1::1' };
    expect(ruleset([{ ...bridge, ipv6 }], [], false), 'not the whole internet').to.include(
      'iifname @bridges ip6 daddr { fec0::/10, fe80::/10 } reject',
    );
    expect(hostNetworkRuleset('/wherry', [], false)).to.include(
      'ip daddr @guarded meta l4proto { tcp, udp } th dport != 53 reject',
    );
  });

  it('let containers reach nothing of the VM but DNS and ICMP', () => {
    const input = text.slice(text.indexOf('chain input')).trim();
    expect(input).to.match(/th dport 53 accept\n\s+meta l4proto icmp accept\n\s+reject\n\s+}\n}$/);
  });

  it('have nothing about IPv6 where no network has it, and the same again where one has', () => {
    expect(text).to.match(/^table ip6 wherry\ndelete table ip6 wherry$/m);
    expect(text).not.to.include('icmpv6');
    const ipv6 = { subnet: 'fd00:1::/64', gateway: 'fd00:1::1' };
    const six = ruleset([{ ...bridge, ipv6 }], []).split('table ip6 wherry {')[1] ?? '';
    expect(six).to.include('ip6 saddr fd00:1::/64 oifname != "wherry0" masquerade');
    expect(six).to.include('ip6 daddr @guarded meta l4proto { tcp, udp } th dport 42200-42999 reject');
    expect(six).to.match(/oifname @bridges drop[^]*meta l4proto 58 accept\s+reject\s+}\s+}\s*$/);
  });

  it('let nothing out of an internal network, before anything is accepted', () => {
    const internal = ruleset([{ ...bridge, internal: true }], []);
    const forward = internal.slice(internal.indexOf('chain forward'));
    for (const rule of [
      'iifname "wherry0" oifname != "wherry0" drop',
      'oifname "wherry0" iifname != "wherry0" drop',
    ]) {
      expect(forward.indexOf(rule)).to.be.greaterThan(0).and.lessThan(forward.indexOf('established'));
    }
    expect(internal).to.include('iifname "wherry0" ip daddr != { 172.17.0.1 } drop');
  });

  it('heed what was asked of the driver', () => {
    const closed = ruleset([{ ...bridge, icc: false, masquerade: false }], []);
    expect(closed).to.include('iifname "wherry0" oifname "wherry0" ct status dnat accept');
    expect(closed).not.to.include('iifname "wherry0" oifname "wherry0" accept');
    expect(closed).not.to.include('oifname != "wherry0" masquerade');
  });

  it('tell containers on the network of the VM by the cgroup of their sockets, at its depth', () => {
    const host = hostNetworkRuleset('/outer/wherry', []);
    expect(host).to.include('socket cgroupv2 level 2 "outer/wherry" jump containers');
    expect(host).to.include('oifname "lo" tcp dport 22 reject');
  });
});
