import { expect } from 'chai';
import { portRequests } from '../../../../src/engine/containers/network/ports.ts';
import { hostConfig } from '../../../../src/protocol/docker/container-config.ts';

const requests = (host: object, exposed: readonly string[] = []): unknown =>
  portRequests(
    { ExposedPorts: Object.fromEntries(exposed.map((port) => [port, {}])) },
    hostConfig.parse(host),
  );
const bound = (HostPort: string, HostIp = ''): unknown =>
  requests({ PortBindings: { '80/tcp': [{ HostIp, HostPort }] } });

describe('what a create request wants published', () => {
  it('is on the loopback where no address is named', () => {
    expect(bound('8080')).to.deep.equal([
      { proto: 'tcp', containerPort: 80, hostAddress: '127.0.0.1', hostPorts: { first: 8080, last: 8080 } },
    ]);
    expect(bound('8080', '0.0.0.0')).to.have.nested.property('[0].hostAddress', '0.0.0.0');
  });

  it('may be a range or any port', () => {
    expect(bound('8000-8010')).to.have.deep.nested.property('[0].hostPorts', { first: 8000, last: 8010 });
    for (const any of ['', '0']) {
      expect(bound(any)).to.have.deep.nested.property('[0].hostPorts', { first: 0, last: 0 });
    }
    // As dockerode's users write it.
    expect(requests({ PortBindings: { '80': [{}] } })).to.have.length(1);
  });

  it('is every exposed port with -P, but for those that have a binding', () => {
    const host = {
      PublishAllPorts: true,
      PortBindings: { '80/tcp': [{ HostPort: '8080' }], '90/udp': null },
    };
    expect(requests(host, ['80/tcp', '81/tcp'])).to.deep.equal([
      { proto: 'tcp', containerPort: 80, hostAddress: '127.0.0.1', hostPorts: { first: 8080, last: 8080 } },
      { proto: 'tcp', containerPort: 81, hostAddress: '127.0.0.1', hostPorts: { first: 0, last: 0 } },
    ]);
    expect(requests({ PublishAllPorts: false }, ['80/tcp'])).to.deep.equal([]);
  });

  it('has to be a port, an address and a protocol that there are', () => {
    for (const text of ['x', '70000', '80-79', '1-2-3', '-1', '80/tcp']) {
      expect(() => bound(text), text).to.throw(/^invalid port specification/);
    }
    expect(() => bound('80', 'localhost')).to.throw('invalid IP address: localhost');
    expect(() => bound('80', '::1')).to.throw(/IPv6 .* not implemented/);
    for (const port of ['80/sctp', '80/icmp', '0/tcp', 'http/tcp', '80/tcp/udp', '65536']) {
      expect(() => requests({ PortBindings: { [port]: [{ HostPort: '1' }] } }), port).to.throw(
        /invalid|not implemented/,
      );
    }
  });
});
