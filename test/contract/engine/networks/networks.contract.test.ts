import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runLab } from './run-lab.ts';

const LAB = fileURLToPath(new URL('lab.ts', import.meta.url));

/** Linux as root, with network namespaces, nftables and bridges; the tools are Debian's own. */
describe('container networks', function () {
  this.timeout(120_000);
  let found: Record<string, unknown>;

  before(async () => (found = await runLab(LAB)));

  it('gives each container a namespace and an address, and comes back to its own', () => {
    expect(found['back']).to.equal(true);
    expect(found['addresses']).to.deep.equal(['172.17.0.2', '172.17.0.3', '172.18.0.2', '02:42:ac:11:00:02']);
    expect(found['nameservers']).to.deep.equal([['172.17.0.1'], [], ['172.18.0.1']]);
    expect(found['interfaces']).to.deep.equal({ a: 2, none: 1 });
    expect(found['joinedIsA']).to.equal(true);
  });

  it('connects containers of one network, and not of two', () => {
    expect(found['neighbour']).to.equal('from 172.17.0.2');
    expect(found['otherNetwork']).to.equal('ETIMEDOUT');
  });

  it('lets containers out under the VM’s address', () => {
    expect(found['host']).to.equal('from 10.0.2.15');
  });

  it('keeps containers from the machines’ own ports on the host and from the VM’s SSH', () => {
    expect(found['machinePort']).to.equal('ECONNREFUSED');
    expect(found['lastMachinePort']).to.equal('ECONNREFUSED');
    expect(found['machinePortFromVm']).to.equal('from 10.0.2.15');
    expect(found['sshAtGateway']).to.equal('ECONNREFUSED');
    expect(found['sshAtVm']).to.equal('ECONNREFUSED');
    expect(found['sshFromVm']).to.equal('from 10.0.2.15');
  });

  it('keeps containers on the VM’s own network from them too, and from nothing else', () => {
    expect(found['onHostNetwork']).to.deep.equal({
      machinePort: 'ECONNREFUSED',
      host: 'from 10.0.2.15',
      sshAtLoopback: 'ECONNREFUSED',
      sshAtVm: 'ECONNREFUSED',
    });
  });

  it('resolves names, aliases, hostnames and short ids of neighbours', () => {
    expect(found['names']).to.deep.equal(Array.from({ length: 4 }, () => '172.17.0.3'));
    expect(found['reverse']).to.equal('name-b');
    expect(found['nameOnOtherNetwork']).to.be.oneOf(['ESERVFAIL', 'ETIMEOUT']);
    expect(found['upstreamFailures']).to.be.lessThan(2);
  });

  it('keeps containers from the user’s computer where the machine says so, and from nothing else', () => {
    expect(found['withoutHostAccess']).to.deep.equal({
      host: 'ECONNREFUSED',
      hostFromHostNetwork: 'ECONNREFUSED',
      hostFromVm: 'from 10.0.2.15',
      // A name like any other: the VM's resolvers are asked, and here there are none.
      name: 'ESERVFAIL',
      neighbour: 'from 172.17.0.2',
    });
  });

  it('takes over after an engine’s restart and cleans up', () => {
    expect(found['restart']).to.equal('172.17.0.2 172.17.0.3');
    expect(found['swept']).to.equal(true);
    expect(found['removed']).to.equal(true);
  });
});
