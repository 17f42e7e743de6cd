import { expect } from 'chai';
import { NameTable } from '../../../../src/engine/networks/dns/names.ts';
import { parseResolvConf } from '../../../../src/engine/networks/dns/upstream.ts';

describe('NameTable', () => {
  const table = new NameTable();
  table.add({ containerId: 'a', networkId: 'n1', ipv4: '10.0.1.2', names: ['web', 'a'] });
  table.add({ containerId: 'b', networkId: 'n1', ipv4: '10.0.1.3', names: ['db', 'alias', 'b'] });
  table.add({ containerId: 'c', networkId: 'n1', ipv4: '10.0.1.4', names: ['db2', 'Alias', 'c'] });
  table.add({ containerId: 'c', networkId: 'n2', ipv4: '10.0.2.4', names: ['db2', 'c'] });
  table.add({ containerId: 'd', networkId: 'n2', ipv4: '10.0.2.5', names: ['secret', 'd'] });

  it('answers with every container of that name on the client’s networks', () => {
    expect(table.addresses('10.0.1.2', 'db')).to.deep.equal(['10.0.1.3']);
    expect(table.addresses('10.0.1.2', 'alias')).to.deep.equal(['10.0.1.3', '10.0.1.4']);
    expect(table.addresses('10.0.1.2', 'db2')).to.deep.equal(['10.0.1.4']);
    expect(table.addresses('10.0.1.4', 'db2')).to.deep.equal(['10.0.1.4', '10.0.2.4']);
  });

  it('tells nothing of other networks, and strangers nothing at all', () => {
    expect(table.addresses('10.0.1.2', 'secret')).to.equal(undefined);
    expect(table.addresses('10.0.1.4', 'secret')).to.deep.equal(['10.0.2.5']);
    expect(table.addresses('10.9.9.9', 'db')).to.equal(undefined);
    expect(table.name('10.0.1.2', '10.0.2.5')).to.equal(undefined);
    expect(table.name('10.0.1.2', '10.0.1.3')).to.equal('db');
  });

  it('follows a rename', () => {
    table.rename('b', 'database');
    expect(table.addresses('10.0.1.2', 'database')).to.deep.equal(['10.0.1.3']);
    expect(table.addresses('10.0.1.2', 'alias')).to.have.members(['10.0.1.3', '10.0.1.4']);
    expect(table.addresses('10.0.1.2', 'db')).to.equal(undefined);
    table.rename('b', 'db');
  });

  it('forgets', () => {
    table.removeEndpoint('c', 'n2');
    expect(table.addresses('10.0.2.5', 'db2')).to.equal(undefined);
    table.removeContainer('b');
    expect(table.addresses('10.0.1.2', 'db')).to.equal(undefined);
  });
});

describe('parseResolvConf', () => {
  it('takes IPv4 nameservers in order', () => {
    const text =
      '# nameserver 1.1.1.1\nsearch x\nnameserver 10.0.2.3\n  nameserver\t9.9.9.9 \nnameserver ::1\n';
    expect(parseResolvConf(text)).to.deep.equal(['10.0.2.3', '9.9.9.9']);
  });
});
