import type { EndpointConfig } from '../../../protocol/docker/container-config.ts';
import type { Endpoint } from '../../networks/contract.ts';
import { parseLinks } from '../network/links.ts';
import type { ContainerRecord } from '../model.ts';
import { inspectPorts } from '../network/ports.ts';
import { DEFAULT_NETWORK, networksNow } from '../network/wanted-networks.ts';

const orNull = <T>(list: readonly T[]): readonly T[] | null => (list.length === 0 ? null : list);

/** As Docker keeps them: `/TARGET:/OWN/ALIAS`. */
export function inspectLinks(record: ContainerRecord): readonly string[] | null {
  return orNull(
    parseLinks(record.hostConfig.Links).map(({ name, alias }) => `/${name}:/${record.name}/${alias}`),
  );
}

/** Docker's EndpointSettings: what was asked for, and what it has; without a sandbox the addresses are empty. */
function endpointSettings(
  record: ContainerRecord,
  wanted: EndpointConfig | undefined,
  endpoint: Endpoint | undefined,
): Record<string, unknown> {
  const addresses = Object.entries(wanted?.IPAMConfig ?? {}).filter(([, value]) => value !== '');
  const aliases = endpoint?.aliases ?? wanted?.Aliases ?? [];
  const onDefault = endpoint === undefined || endpoint.networkName === DEFAULT_NETWORK;
  const names = [record.name, ...aliases, record.id.slice(0, 12), record.config.Hostname].filter(Boolean);
  return {
    IPAMConfig: addresses.length === 0 ? null : Object.fromEntries(addresses),
    Links: orNull(wanted?.Links ?? []),
    Aliases: orNull(aliases),
    MacAddress: endpoint?.macAddress ?? wanted?.MacAddress ?? '',
    DriverOpts: wanted?.DriverOpts ?? null,
    GwPriority: wanted?.GwPriority ?? 0,
    NetworkID: endpoint?.networkId ?? wanted?.NetworkID ?? '',
    EndpointID: endpoint?.endpointId ?? '',
    Gateway: endpoint === undefined || endpoint.internal === true ? '' : endpoint.gateway,
    IPAddress: endpoint?.ipv4 ?? '',
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: endpoint?.internal === true ? '' : (endpoint?.ipv6?.gateway ?? ''),
    GlobalIPv6Address: endpoint?.ipv6?.address ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6?.prefixLength ?? 0,
    DNSNames: onDefault ? null : [...new Set(names)],
  };
}

/** Network name → EndpointSettings: what it has while it runs, what it will ask for otherwise. */
export function networksOf(record: ContainerRecord): Record<string, Record<string, unknown>> {
  const endpoints = record.state.status === 'running' ? record.state.sandbox.endpoints : [];
  const wanted = networksNow(record);
  const names = new Set([...Object.keys(wanted), ...endpoints.map(({ networkName }) => networkName)]);
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      endpointSettings(
        record,
        wanted[name],
        endpoints.find(({ networkName }) => networkName === name),
      ),
    ]),
  );
}

export function inspectNetwork(record: ContainerRecord): Record<string, unknown> {
  const sandbox = record.state.status === 'running' ? record.state.sandbox : undefined;
  const onBridge = sandbox?.endpoints.find(({ networkName }) => networkName === DEFAULT_NETWORK);
  const settings = endpointSettings(record, undefined, onBridge);
  const kept = Object.fromEntries(
    [
      'EndpointID',
      'Gateway',
      'GlobalIPv6Address',
      'GlobalIPv6PrefixLen',
      'IPAddress',
      'IPPrefixLen',
      'IPv6Gateway',
      'MacAddress',
    ].map((key) => [key, settings[key]]),
  );
  return {
    Bridge: '',
    SandboxID: sandbox === undefined ? '' : record.id,
    SandboxKey: sandbox?.netnsPath ?? '',
    Ports: inspectPorts(record),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    ...kept,
    Networks: networksOf(record),
  };
}
