import { expect } from 'chai';
import {
  containerConfig,
  hostConfig,
  networkingConfig,
} from '../../../../../src/protocol/docker/container-config.ts';
import {
  checkNetworkMode,
  checkTogether,
  planNetworks,
  wantedNetworks,
} from '../../../../../src/engine/containers/network/wanted-networks.ts';
import type { ContainersContext } from '../../../../../src/engine/containers/context.ts';
import { sandboxRequest } from '../../../../../src/engine/containers/network/sandbox-request.ts';
import type { ContainerRecord } from '../../../../../src/engine/containers/model.ts';
import type { NetworkFacts } from '../../../../../src/engine/networks/contract.ts';

const bridge = (name: string, ownSubnets?: readonly string[]): NetworkFacts => ({
  id: `id-of-${name}`,
  name,
  driver: 'bridge',
  internal: false,
  ownSubnets,
});
const all: readonly NetworkFacts[] = [
  bridge('bridge'),
  bridge('auto'),
  bridge('own', ['10.9.0.0/24', 'fd00:9::/64']),
  { ...bridge('host'), driver: 'host' },
  { ...bridge('none'), driver: 'null' },
];
const networks = {
  lookup: (reference: string) => all.find(({ id, name }) => id === reference || name === reference),
};

const plan = (mode: string, endpoints: object, config: object = {}) =>
  planNetworks(networks, containerConfig.parse(config), hostConfig.parse({ NetworkMode: mode }), {
    ...networkingConfig.parse({ EndpointsConfig: endpoints }),
  });

describe('the networks of a container', () => {
  it('are named as they are called, whatever the client wrote, the main one first', () => {
    expect(Object.keys(plan('id-of-own', { auto: {}, 'id-of-own': { Aliases: ['a'] } }))).to.deep.equal([
      'own',
      'auto',
    ]);
    expect(plan('id-of-own', { own: { Aliases: ['a'] } })['own']?.Aliases).to.deep.equal(['a']);
    expect(Object.keys(plan('bridge', { default: {} }))).to.deep.equal(['bridge']);
    expect(plan('container:x', {})).to.deep.equal({});
    expect(plan('bridge', {}, { NetworkDisabled: true })).to.deep.equal({});
    expect(Object.keys(plan('not-there-yet', {}))).to.deep.equal(['not-there-yet']);
  });

  it('give the container’s MAC address to the main one', () => {
    const mac = '02:42:ac:11:00:09';
    expect(plan('own', {}, { MacAddress: mac })['own']?.MacAddress).to.equal(mac);
    expect(() => plan('own', { own: { MacAddress: '02:42:ac:11:00:08' } }, { MacAddress: mac })).to.throw(
      'the container-wide MAC address must match',
    );
  });

  it('are refused in docker’s words', () => {
    const ip = (IPv4Address: string, IPv6Address = '') => ({ IPAMConfig: { IPv4Address, IPv6Address } });
    const cases: [string, object, string][] = [
      [
        'bridge',
        { bridge: ip('172.17.0.9') },
        'user specified IP address is supported on user defined networks only',
      ],
      [
        'bridge',
        { bridge: { Aliases: ['a'] } },
        'network-scoped alias is supported only for containers in user defined networks',
      ],
      ['auto', { auto: ip('172.18.0.9') }, 'only when connecting to networks with user configured subnets'],
      ['own', { own: ip('10.8.0.9') }, 'no configured subnet contains IP address 10.8.0.9'],
      ['own', { own: ip('', 'fd00:8::9') }, 'no configured subnet contains IP address fd00:8::9'],
      ['own', { own: ip('nonsense') }, 'invalid IPv4 address: nonsense'],
      ['own', { own: { MacAddress: 'nonsense' } }, 'invalid MAC address nonsense'],
      ['host', { host: {}, own: {} }, 'container sharing network namespace with another container or host'],
      ['none', { none: {}, own: {} }, 'with one of the networks in private (none) mode'],
    ];
    for (const [mode, endpoints, message] of cases) {
      expect(() => plan(mode, endpoints), message).to.throw(message);
    }
    expect(() => plan('bridge', { bridge: { ...ip('172.17.0.9'), Aliases: ['a'] } })).to.throw(
      'invalid config for network bridge: invalid endpoint settings:\n* user specified IP',
    );
    expect(Object.keys(plan('own', { own: ip('10.9.0.9', 'fd00:9::9') }))).to.deep.equal(['own']);
    expect(() => checkTogether(networks, 'own', 'auto')).not.to.throw();
  });

  it('can’t be had beside another container’s', () => {
    const cases: [object, object, string][] = [
      [{ Hostname: 'h' }, {}, 'conflicting options: hostname and the network mode'],
      [{}, { Dns: ['192.0.2.1'] }, 'conflicting options: dns and the network mode'],
      [
        {},
        { ExtraHosts: ['a:192.0.2.1'] },
        'conflicting options: custom host-to-IP mapping and the network mode',
      ],
      [
        {},
        { PublishAllPorts: true },
        'conflicting options: port publishing and the container type network mode',
      ],
      [
        { ExposedPorts: { '80/tcp': {} } },
        {},
        'conflicting options: port exposing and the container type network mode',
      ],
      [{}, { Links: ['a'] }, "conflicting options: container type network can't be used with links"],
      [
        {},
        { NetworkMode: 'container:' },
        'Invalid network mode: invalid container format container:<name|id>',
      ],
      [{}, { NetworkMode: 'host', Links: ['a'] }, "host type networking can't be used with links"],
    ];
    for (const [config, host, message] of cases) {
      const parsed = hostConfig.parse({ NetworkMode: 'container:x', ...host });
      expect(() => checkNetworkMode(containerConfig.parse(config), parsed), message).to.throw(message);
    }
  });

  it('of one that an older engine made are those it asked for', () => {
    const record = (more: object): ContainerRecord =>
      ({
        config: containerConfig.parse({}),
        hostConfig: hostConfig.parse({ NetworkMode: 'own' }),
        networking: networkingConfig.parse({ EndpointsConfig: { auto: {} } }),
        ...more,
      }) as ContainerRecord;
    expect(Object.keys(wantedNetworks(record({})))).to.deep.equal(['own', 'auto']);
    expect(Object.keys(wantedNetworks(record({ networks: {} }))), 'left by all').to.deep.equal(['own']);
  });

  it('have published ports only where there is a way in', () => {
    const context = (internal: boolean): ContainersContext =>
      ({ networks: { lookup: () => ({ ...bridge('own'), internal }) } }) as unknown as ContainersContext;
    const published = {
      id: 'c'.repeat(64),
      name: 'web',
      config: containerConfig.parse({}),
      hostConfig: hostConfig.parse({
        NetworkMode: 'own',
        PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
      }),
      networks: { own: networkingConfig.parse({ EndpointsConfig: { own: {} } }).EndpointsConfig['own'] },
    } as unknown as ContainerRecord;
    expect(sandboxRequest(context(false), published).ports).to.have.length(1);
    expect(sandboxRequest(context(true), published).ports ?? []).to.deep.equal([]);
  });
});
