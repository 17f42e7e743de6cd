import { expect } from 'chai';
import { portFields } from '../../../src/cli/flags/publish.ts';

const bindings = (...specs: string[]): unknown => portFields(specs, []).PortBindings;

describe('-p and --expose', () => {
  it('are what docker makes of them', () => {
    expect(
      bindings('8080:80', '127.0.0.1:8443:443', '53:53/udp', '127.0.0.1::90', ':91', '92'),
    ).to.deep.equal({
      '80/tcp': [{ HostIp: '', HostPort: '8080' }],
      '443/tcp': [{ HostIp: '127.0.0.1', HostPort: '8443' }],
      '53/udp': [{ HostIp: '', HostPort: '53' }],
      '90/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }],
      '91/tcp': [{ HostIp: '', HostPort: '' }],
      '92/tcp': [{ HostIp: '', HostPort: '' }],
    });
    expect(bindings('[::1]:80:80')).to.deep.equal({ '80/tcp': [{ HostIp: '::1', HostPort: '80' }] });
    expect(bindings('1:80', '2:80')).to.have.deep.nested.property('80/tcp', [
      { HostIp: '', HostPort: '1' },
      { HostIp: '', HostPort: '2' },
    ]);
  });

  it('expand ranges, save one of the host’s for a single port', () => {
    expect(bindings('8000-8001:80-81')).to.deep.equal({
      '80/tcp': [{ HostIp: '', HostPort: '8000' }],
      '81/tcp': [{ HostIp: '', HostPort: '8001' }],
    });
    expect(bindings('8000-8010:80')).to.deep.equal({ '80/tcp': [{ HostIp: '', HostPort: '8000-8010' }] });
    expect(Object.keys(portFields(['80'], ['90', '91-92/udp']).ExposedPorts)).to.deep.equal([
      '80/tcp',
      '90/tcp',
      '91/udp',
      '92/udp',
    ]);
  });

  it('refuse what is none', () => {
    for (const spec of ['x', '80:x', '1-2:3-5', '70000', '80/icmp', 'localhost:80:80', '']) {
      expect(() => bindings(spec), spec).to.throw(/invalid/);
    }
    for (const spec of ['x', '2-1', '80/icmp', '1:2']) {
      expect(() => portFields([], [spec]), spec).to.throw(/invalid range format for --expose/);
    }
  });
});
