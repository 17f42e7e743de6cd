import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runLab } from './run-lab.ts';

const LAB = fileURLToPath(new URL('membership-lab.ts', import.meta.url));
/** Refused or dropped: both are shut. */
const SHUT = ['ETIMEDOUT', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'EACCES'];

/** Linux as root, with network namespaces, nftables and bridges; the tools are Debian's own. */
describe('networks that containers join and leave', function () {
  this.timeout(120_000);
  let found: Record<string, Record<string, unknown>>;

  before(async () => (found = await runLab<Record<string, unknown>>(LAB, 110_000)));

  it('are there at once: address, MAC, MTU, names, links', () => {
    expect(found['before']).to.equal('ETIMEDOUT');
    expect(found['joined']).to.deep.equal({
      reach: 'from 10.2.0.9',
      interfaces: ['eth0 10.1.0.2', 'eth1 10.2.0.9'],
      mac: '02:00:00:00:00:09',
      mtu: '1400',
      defaultRoute: 'default via 10.1.0.1 dev eth0',
      alias: '10.2.0.9',
      link: '10.2.0.2',
      bridge: '10.2.0.1/24',
      again: 'endpoint with name name-a already exists in network beta',
      taken: 'Address already in use',
    });
  });

  it('hand the default route and the resolver on when they are left', () => {
    expect(found['left']).to.deep.equal({
      defaultRoute: 'default via 10.2.0.1 dev eth1',
      nameservers: ['10.2.0.1'],
      interfaces: 2,
      again: `container ${'a'.repeat(64)} is not connected to network alpha`,
      reach: 'from 10.0.2.15',
    });
    expect(found['priority']).to.deep.equal({
      defaultRoute: 'default via 10.1.0.1 dev eth0',
      interfaces: ['eth1', 'eth0'],
    });
    expect(found['events']).to.deep.equal([
      'connect alpha',
      'connect beta',
      'disconnect alpha',
      'connect alpha',
      'disconnect alpha',
      'disconnect beta',
    ]);
  });

  it('have no way out where they are internal, by the resolver neither', () => {
    const internal = found['internal'] ?? {};
    expect(internal['defaultRoute']).to.equal('');
    expect(internal['neighbour']).to.equal('from 10.3.0.2');
    expect(internal['name']).to.equal('10.3.0.3');
    for (const name of ['outsideName', 'hostName']) expect(internal[name], name).to.equal('ESERVFAIL');
    for (const way of ['host', 'hostByForce', 'otherByForce', 'fromOther']) {
      expect(internal[way], way).to.be.oneOf(SHUT);
    }
    expect(internal['otherResolverByForce']).to.be.oneOf(['ECONNREFUSED', 'ETIMEOUT']);
  });

  it("ask the VM's resolvers for other names, and know the user's computer's", () => {
    expect(found['dns']).to.deep.equal({
      outsideName: '203.0.113.7',
      hostName: '10.0.2.2',
      hostNameSix: 'ENODATA',
      host: 'from 10.0.2.15',
      machinePort: 'ECONNREFUSED',
    });
  });

  it('keep containers apart without icc, by way of the gateway too', () => {
    const apart = found['apart'] ?? {};
    for (const way of ['direct', 'byGateway']) expect(apart[way], way).to.be.oneOf(SHUT);
    expect(apart['out']).to.equal('from 10.0.2.15');
  });

  it('have IPv6 as they have IPv4: addresses, names, and the same walls', () => {
    const six = found['six'] ?? {};
    expect(six['addresses']).to.deep.equal(['fd00:6::2', 'fd00:6::99', 'fd00:7::2']);
    expect(six['defaultRoute']).to.equal('default via fd00:6::1 dev eth0');
    expect(six['neighbour']).to.equal('from fd00:6::2');
    expect([six['name'], six['nameFour'], six['reverse']]).to.deep.equal([
      'fd00:6::99',
      '10.6.0.3',
      'name-t',
    ]);
    expect(six['out']).to.equal('from fec0::15');
    for (const way of ['otherNetwork', 'sshAtGateway', 'machinePort', 'unmasked']) {
      expect(six[way], way).to.be.oneOf(SHUT);
    }
    expect(six['without'], 'a network without it').to.equal('');
  });

  it('go on after a restart of the engine, and nothing is left of what is gone', () => {
    expect(found['restart']).to.include({ taken: 'Address already in use' });
    expect(found['restart']?.['sandboxes']).to.deep.equal([10, 3]);
    expect(String(found['restart']?.['resolves']).split(' ').toSorted()).to.deep.equal([
      '10.1.0.3',
      '10.2.0.9',
    ]);
    expect(found['afterRestart']).to.equal('default via 10.2.0.1 dev eth1');
    expect(found['removed']).to.deep.equal({ rules: 'none', bridges: 0 });
  });
});
