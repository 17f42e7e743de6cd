import { randomInt } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { systemErrorCode } from '../../../../src/core/errors.ts';
import { RCODE, errorAnswer } from '../../../../src/engine/networks/dns/message.ts';
import { NameTable } from '../../../../src/engine/networks/dns/names.ts';
import { DnsServer } from '../../../../src/engine/networks/dns/server.ts';
import type { Upstream } from '../../../../src/engine/networks/dns/upstream.ts';

describe('the resolver of a network', () => {
  const names = new NameTable();
  const asked: string[] = [];
  const upstream: Upstream = {
    ask: (message, query, _transport, instead = []) => {
      asked.push(`${query.name} ${instead.join(' ')}`.trim());
      return Promise.resolve(errorAnswer(message, query, RCODE.OK));
    },
  };
  const servers: DnsServer[] = [];
  const open = async (forwards: boolean): Promise<Resolver> => {
    const server = new DnsServer(names, upstream, { forwards, hostAddress: () => '10.0.2.2' });
    servers.push(server);
    // An address of its own: a port that is free for UDP there is free for TCP too.
    const address = `127.77.${randomInt(256)}.${randomInt(1, 255)}`;
    const port = await server.listen(address, 0);
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([`${address}:${port}`]);
    return resolver;
  };
  const codeOf = async (work: Promise<unknown>): Promise<string | undefined> =>
    work.then(() => 'answered', systemErrorCode);

  before(() => {
    const at = (containerId: string, ipv4: string, more: object) =>
      names.add({ containerId, networkId: 'n', ipv4, names: [containerId, 'pair'], ...more });
    at('me', '127.0.0.1', { resolvers: ['192.0.2.53'] });
    at('other', '127.0.0.2', { ipv6: 'fd00::2' });
  });
  beforeEach(() => asked.splice(0));
  after(() => {
    for (const server of servers) server.close();
  });

  it('listens once its port is free, though one half of it was taken before', async () => {
    const address = `127.78.${randomInt(256)}.${randomInt(1, 255)}`;
    const other = createServer();
    other.listen(0, address);
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const server = new DnsServer(names, upstream, { forwards: true, hostAddress: () => undefined });
    servers.push(server);
    expect(await codeOf(server.listen(address, port))).to.equal('EADDRINUSE');
    other.close();
    await once(other, 'close');
    expect(await server.listen(address, port)).to.equal(port);
  });

  it('answers for neighbours and for the host itself, and asks others for the rest', async () => {
    const resolver = await open(true);
    expect(await resolver.resolve4('other')).to.deep.equal(['127.0.0.2']);
    expect(await resolver.resolve6('other')).to.deep.equal(['fd00::2']);
    expect(await codeOf(resolver.resolve6('me')), 'a name without such an address').to.equal('ENODATA');
    expect((await resolver.resolve4('pair')).toSorted()).to.deep.equal(['127.0.0.1', '127.0.0.2']);
    expect(await resolver.reverse('127.0.0.2')).to.deep.equal(['other']);
    expect(await resolver.reverse('fd00::2')).to.deep.equal(['other']);
    expect(await resolver.resolve4('host.docker.internal')).to.deep.equal(['10.0.2.2']);
    expect(asked).to.deep.equal([]);
    await codeOf(resolver.resolve4('example.org'));
    expect(asked, "whom the container's --dns names").to.deep.equal(['example.org 192.0.2.53']);
  });

  it('asks nobody from an internal network, nor tells where the host is', async () => {
    const resolver = await open(false);
    expect(await resolver.resolve4('other')).to.deep.equal(['127.0.0.2']);
    for (const name of ['example.org', 'host.docker.internal', 'secret.data.example.org']) {
      expect(await codeOf(resolver.resolve4(name)), name).to.equal('ESERVFAIL');
    }
    expect(asked).to.deep.equal([]);
  });
});
