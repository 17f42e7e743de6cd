import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runLab } from '../networks/run-lab.ts';

const LAB = fileURLToPath(new URL('lab.ts', import.meta.url));

/** Linux as root, with network namespaces, nftables and bridges; the tools are Debian's own. */
describe('published ports in the VM', function () {
  this.timeout(120_000);
  let found: Record<string, unknown>;

  before(async () => (found = await runLab(LAB)));

  it('are reached from the host, whose address the container sees', () => {
    expect(found['fromHost']).to.equal('from 10.0.2.2');
    expect(found['ports']).to.have.deep.nested.property('[0][0]', {
      proto: 'tcp',
      containerPort: 6379,
      hostAddress: '127.0.0.1',
      hostPort: 8080,
      guestPort: 8080,
    });
    expect(found['notPublished']).to.equal('ECONNREFUSED');
  });

  it('answer a client whose own port is among those that containers can’t reach on the host', () => {
    expect(found['fromMachinePort']).to.equal('from 10.0.2.2');
  });

  it('leave the VM its SSH port', () => {
    expect(found['ports']).to.have.nested.property('[1][0].guestPort', 61_000);
    expect(found['movedGuestPort']).to.equal('from 10.0.2.2');
  });

  it('are reached from the VM by each of its addresses', () => {
    expect(found['fromVm']).to.match(/^from /);
    expect(found['fromVmOtherAddress']).to.match(/^from /);
  });

  it('are reached from containers through their gateway, the container itself included', () => {
    expect(found['fromNeighbour']).to.equal('from 172.17.0.1');
    expect(found['fromItself']).to.equal('from 172.17.0.1');
    expect(found['fromOtherNetwork']).to.match(/^from /);
  });

  it('don’t open the VM’s loopback to neighbours', () => {
    expect(found['vmLoopbackFromItself']).to.equal('from 127.0.0.1');
    expect(found['vmLoopbackFromNeighbour']).to.equal('ETIMEDOUT');
  });

  it('end with their container', () => {
    expect(found['afterEnd']).to.equal('ECONNREFUSED');
    expect(found['otherAfterEnd']).to.equal('from 10.0.2.2');
    expect(found['errors']).to.deep.equal([]);
  });
});
