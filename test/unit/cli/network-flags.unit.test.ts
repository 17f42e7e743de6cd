import { expect } from 'chai';
import { ipamConfig } from '../../../src/cli/flags/ipam.ts';
import { networkFields } from '../../../src/cli/flags/networks.ts';
import { NETWORK_LIST, networkRows } from '../../../src/cli/render/network-list.ts';
import { renderList } from '../../../src/cli/render/format.ts';

describe("flags of a container's networks", () => {
  it('are sent only where they were given', () => {
    expect(networkFields({})).to.deep.equal({
      config: {},
      host: { NetworkMode: 'default' },
      networking: undefined,
    });
    expect(networkFields({ network: ['mine'] })).to.deep.equal({
      config: {},
      host: { NetworkMode: 'mine' },
      networking: undefined,
    });
  });

  it('are about the first network, or name their own', () => {
    const { config, host, networking } = networkFields({
      network: ['mine', 'name=other,alias=x,alias=y,ip=10.2.0.9,gw-priority=-3,driver-opt=a=b=c'],
      'network-alias': ['web'],
      ip: '10.1.0.9',
      ip6: 'fd00::9',
      'mac-address': '02:42:AC:11:00:09',
      link: ['db:database'],
      'add-host': ['a=192.0.2.1', 'six:[2001:db8::1]', 'me:host-gateway'],
      dns: ['192.0.2.53'],
      'dns-search': ['example.org', '.'],
      'dns-option': ['ndots:2'],
    });
    expect(config).to.deep.equal({ MacAddress: '02:42:AC:11:00:09' });
    expect(host).to.deep.equal({
      NetworkMode: 'mine',
      Links: ['db:database'],
      ExtraHosts: ['a:192.0.2.1', 'six:2001:db8::1', 'me:host-gateway'],
      Dns: ['192.0.2.53'],
      DnsSearch: ['example.org', '.'],
      DnsOptions: ['ndots:2'],
    });
    expect(networking).to.deep.equal({
      EndpointsConfig: {
        mine: {
          Aliases: ['web'],
          IPAMConfig: { IPv4Address: '10.1.0.9', IPv6Address: 'fd00::9' },
          MacAddress: '02:42:AC:11:00:09',
          Links: ['db:database'],
        },
        other: {
          Aliases: ['x', 'y'],
          IPAMConfig: { IPv4Address: '10.2.0.9' },
          DriverOpts: { a: 'b=c' },
          GwPriority: -3,
        },
      },
    });
    expect(networkFields({ link: ['db'] }).networking, 'an affair of the container').to.equal(undefined);
  });

  it("are refused in docker's words", () => {
    const cases: [Parameters<typeof networkFields>[0], string][] = [
      [{ dns: ['x'] }, 'invalid argument "x" for "--dns" flag: IP address is not correctly formatted: x'],
      [
        { 'dns-search': ['a b'] },
        'invalid argument "a b" for "--dns-search" flag: a b is not a valid domain',
      ],
      [{ 'mac-address': 'x' }, 'x is not a valid mac address'],
      [{ 'add-host': ['x'] }, 'invalid argument "x" for "--add-host" flag: bad format for add-host: "x"'],
      [{ 'add-host': ['a:b'] }, 'for "--add-host" flag: invalid IP address in add-host: "b"'],
      [{ link: ['a:b:c'] }, 'invalid argument "a:b:c" for "--link" flag: bad format for links: a:b:c'],
      [{ network: ['name=a', 'a'] }, 'network "a" is specified multiple times'],
      [
        { network: ['alias=a'] },
        'invalid argument "alias=a" for "--network" flag: network name/id is not specified',
      ],
      [{ network: ['name=a,foo=b'] }, 'for "--network" flag: invalid field key foo'],
      [{ network: ['name=a,alias'] }, 'for "--network" flag: invalid field alias'],
      [{ network: ['name=a,driver-opt=x'] }, 'invalid key value pair format in driver options'],
      [
        { network: ['a', 'host'] },
        'conflicting options: cannot attach both user-defined and non-user-defined network-modes',
      ],
      [
        { network: ['name=a,alias=b'], 'network-alias': ['c'] },
        'conflicting options: cannot specify both --network-alias and per-network alias',
      ],
      [
        { network: ['name=a,ip=1.2.3.4'], ip: '1.2.3.5' },
        'conflicting options: cannot specify both --ip and per-network IPv4 address',
      ],
    ];
    for (const [flags, message] of cases) expect(() => networkFields(flags), message).to.throw(message);
  });
});

describe('addresses of a new network', () => {
  const config = (subnets: string[], ranges: string[] = [], gateways: string[] = [], auxAddresses = {}) =>
    ipamConfig({ subnets, ranges, gateways, auxAddresses });

  it('are put together by their subnets', () => {
    expect(config([])).to.deep.equal([]);
    expect(
      config(['10.0.0.0/16', 'fd00::/64'], ['10.0.4.0/24'], ['fd00::9', '10.0.0.9'], { r: '10.0.0.5' }),
    ).to.deep.equal([
      {
        Subnet: '10.0.0.0/16',
        IPRange: '10.0.4.0/24',
        Gateway: '10.0.0.9',
        AuxiliaryAddresses: { r: '10.0.0.5' },
      },
      { Subnet: 'fd00::/64', Gateway: 'fd00::9' },
    ]);
  });

  it("are refused in docker's words", () => {
    expect(() => config([], [], ['1.2.3.4'])).to.throw(
      'every ip-range or gateway must have a corresponding subnet',
    );
    expect(() => config(['10.0.0.0/24'], [], ['10.1.0.1'])).to.throw(
      'no matching subnet for gateway 10.1.0.1',
    );
    expect(() => config(['10.0.0.0/24'], ['10.2.0.0/24'])).to.throw(
      'no matching subnet for range 10.2.0.0/24',
    );
    expect(() => config(['10.0.0.0/24', '10.0.0.0/16'])).to.throw(
      'multiple overlapping subnet configuration',
    );
    expect(() => config(['10.0.0.0/24'], [], [], { a: '10.2.0.0' })).to.throw(
      'no matching subnet for aux-address 10.2.0.0',
    );
  });
});

describe('the list of networks', () => {
  it("has docker's columns and order", () => {
    const network = (Name: string, more: object = {}) => ({
      Name,
      Id: 'f'.repeat(64),
      Created: '2026-11-21T21:36:50.870Z',
      Scope: 'local' as const,
      Driver: 'bridge',
      EnableIPv4: true,
      EnableIPv6: false,
      IPAM: { Driver: 'default', Options: {}, Config: [] },
      Internal: false,
      Attachable: false,
      Ingress: false,
      ConfigFrom: { Network: '' },
      ConfigOnly: false,
      Containers: {},
      Options: {},
      Labels: { a: 'b', c: '' },
      ...more,
    });
    const rows = networkRows([network('n10'), network('n9')], true);
    expect(renderList(rows, NETWORK_LIST, undefined)).to.deep.equal([
      'NETWORK ID     NAME      DRIVER    SCOPE',
      'ffffffffffff   n9        bridge    local',
      'ffffffffffff   n10       bridge    local',
    ]);
    expect(renderList(rows.slice(0, 1), NETWORK_LIST, 'json')).to.deep.equal([
      '{"CreatedAt":"2026-11-21 21:36:50.87 +0000 UTC","Driver":"bridge","ID":"ffffffffffff","IPv4":"true","IPv6":"false","Internal":"false","Labels":"a=b,c=","Name":"n9","Scope":"local"}',
    ]);
  });
});
