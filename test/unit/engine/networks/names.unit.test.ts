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

  it('knows links as their owner does, IPv6 addresses, and whom to ask for the rest', () => {
    const own = new NameTable();
    const at = (containerId: string, last: number, more: object = {}) =>
      own.add({
        containerId,
        networkId: 'n',
        ipv4: `10.0.5.${last}`,
        names: [`name-${containerId}`],
        ...more,
      });
    at('web', 2, { links: { Database: 'name-db' }, resolvers: ['192.0.2.53'] });
    at('db', 3, { ipv6: 'fd00::3' });
    expect(own.addresses('10.0.5.2', 'database')).to.deep.equal(['10.0.5.3']);
    expect(own.addresses('10.0.5.3', 'database')).to.equal(undefined);
    expect(own.addresses('10.0.5.2', 'name-db', 6)).to.deep.equal(['fd00::3']);
    expect(own.addresses('10.0.5.2', 'name-web', 6)).to.deep.equal([]);
    expect(own.name('10.0.5.2', 'fd00::3')).to.equal('name-db');
    expect(own.resolversOf('10.0.5.2')).to.deep.equal(['192.0.2.53']);
    expect(own.resolversOf('10.0.5.3')).to.deep.equal([]);
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
