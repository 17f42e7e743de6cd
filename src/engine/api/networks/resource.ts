import type { NetworkResource } from '../../../protocol/docker/networks.ts';
import type { NetworkView } from '../../networks/networks.ts';

/** A network as Docker clients see it. */
export function networkResource({ record, attached }: NetworkView): NetworkResource {
  const bridge = record.driver === 'bridge' ? record : undefined;
  const prefixLength = bridge?.subnet.split('/')[1] ?? '';
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: 'local',
    Driver: record.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Options: bridge !== undefined && bridge.name !== 'bridge' ? {} : null,
      Config: bridge === undefined ? null : [{ Subnet: bridge.subnet, Gateway: bridge.gateway }],
    },
    Internal: false,
    Attachable: false,
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
          IPv6Address: '',
        },
      ]),
    ),
    Options:
      bridge?.name === 'bridge'
        ? {
            'com.docker.network.bridge.default_bridge': 'true',
            'com.docker.network.bridge.name': bridge.interfaceName,
          }
        : {},
    Labels: bridge?.labels ?? {},
  };
}
