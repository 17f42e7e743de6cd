import type { NetworkAddresses, NetworkResource } from '../../../protocol/docker/networks.ts';
import type { NetworkView } from '../../networks/networks.ts';

/** A network as Docker clients see it. */
export function networkResource({ record, attached }: NetworkView): NetworkResource {
  const bridge = record.driver === 'bridge' ? record : undefined;
  const [prefixLength, prefixLength6] = [bridge?.subnet, bridge?.ipv6?.subnet].map(
    (subnet) => subnet?.split('/')[1] ?? '',
  );
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: 'local',
    Driver: record.driver,
    EnableIPv4: true,
    EnableIPv6: bridge?.ipv6 !== undefined,
    IPAM: {
      Driver: 'default',
      Options: bridge !== undefined && bridge.name !== 'bridge' ? {} : null,
      Config: bridge === undefined ? null : [bridge, ...(bridge.ipv6 ? [bridge.ipv6] : [])].map(addresses),
    },
    Internal: bridge?.internal === true,
    Attachable: bridge?.attachable === true,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(
      [...attached.values()].map((endpoint) => [
        endpoint.containerId,
        {
          Name: endpoint.containerName,
          EndpointID: endpoint.endpointId,
          MacAddress: endpoint.macAddress,
          IPv4Address: `${endpoint.ipv4}/${prefixLength}`,
          IPv6Address: endpoint.ipv6 === undefined ? '' : `${endpoint.ipv6}/${prefixLength6}`,
        },
      ]),
    ),
    Options:
      bridge?.name === 'bridge'
        ? {
            'com.docker.network.bridge.default_bridge': 'true',
            'com.docker.network.bridge.name': bridge.interfaceName,
          }
        : (bridge?.options ?? {}),
    Labels: bridge?.labels ?? {},
  };
}

function addresses(config: {
  readonly subnet: string;
  readonly gateway: string;
  readonly ipRange?: string | undefined;
  readonly auxAddresses?: Readonly<Record<string, string>> | undefined;
}): NetworkAddresses {
  const { subnet, gateway, ipRange, auxAddresses } = config;
  return {
    Subnet: subnet,
    ...(ipRange === undefined ? {} : { IPRange: ipRange }),
    Gateway: gateway,
    ...(auxAddresses === undefined ? {} : { AuxiliaryAddresses: auxAddresses }),
  };
}
