import type { NetworkManager, Sandbox } from '../networks/contract.ts';
import { gatewayEndpoint } from '../networks/endpoints.ts';
import type { Publisher } from './publisher.ts';

/** Networks whose containers' ports are published for as long as their sandbox is there. */
export function publishingNetworks(networks: NetworkManager, publisher: Publisher): NetworkManager {
  /** The ports follow the default route. */
  const changed = async (containerId: string, change: Promise<Sandbox>): Promise<Sandbox> => {
    const sandbox = await change;
    await publisher.connect(containerId, addressOf(sandbox));
    return sandbox;
  };
  return {
    async createSandbox(request): Promise<Sandbox> {
      const { containerId, ports: wanted = [] } = request;
      await publisher.release(containerId);
      if (wanted.length === 0) return networks.createSandbox(request);
      const [opened, made] = await Promise.allSettled([
        publisher.open(containerId, wanted),
        networks.createSandbox(request),
      ]);
      try {
        if (opened.status === 'rejected') throw opened.reason;
        if (made.status === 'rejected') throw made.reason;
        await publisher.connect(containerId, addressOf(made.value));
        return { ...made.value, ports: opened.value };
      } catch (error) {
        await publisher.release(containerId);
        await networks.destroySandbox(containerId);
        throw error;
      }
    },
    async destroySandbox(containerId) {
      // First: the address may be another container's next.
      await publisher.release(containerId);
      await networks.destroySandbox(containerId);
    },
    async adoptSandbox(request, sandbox) {
      const { ports = [] } = sandbox;
      // First: whatever fails of the rest, the container goes on and so do its ports.
      if (ports.length > 0) publisher.adopt(request.containerId, ports, addressOf(sandbox));
      await networks.adoptSandbox(request, sandbox);
    },
    connect: (request, endpoint) => changed(request.containerId, networks.connect(request, endpoint)),
    disconnect: (containerId, networkId) => changed(containerId, networks.disconnect(containerId, networkId)),
    lookup: (reference) => networks.lookup(reference),
    hostAddress: () => networks.hostAddress(),
  };
}

/** Of the container, where ports are published; undefined: it is on no network with a way out. */
const addressOf = ({ endpoints }: Sandbox): string | undefined => gatewayEndpoint(endpoints)?.ipv4;
