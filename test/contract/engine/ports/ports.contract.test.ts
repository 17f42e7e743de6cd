import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { debianTools } from '../../../helpers/debian-tools.ts';

const LAB = fileURLToPath(new URL('lab.ts', import.meta.url));

/** Linux as root, with network namespaces, nftables and bridges; the tools are Debian's own. */
describe('published ports in the VM', function () {
  this.timeout(120_000);
  let found: Record<string, unknown>;
  let directory: string;

  before(async () => {
    const tools = await debianTools(['nftables', 'iproute2']);
    directory = await mkdtemp(join(tmpdir(), 'wherry-ports-'));
    const { stdout } = await promisify(execFile)(
      'unshare',
      ['--net', '--mount', '--propagation', 'private', process.execPath, LAB, directory],
      { env: { ...process.env, PATH: `${tools.binDir}:${process.env['PATH'] ?? ''}` }, timeout: 60_000 },
    );
    found = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  });
  after(async () => {
    if (directory !== undefined) await rm(directory, { recursive: true });
  });

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
