import { netSysctl, setNetSysctl } from '../networks/links.ts';
import type { NetworkManager } from '../networks/contract.ts';
import { HostLink } from './host-link.ts';
import { PortTable } from './port-table.ts';
import { Publisher } from './publisher.ts';
import { publishingNetworks } from './publishing-networks.ts';
import { loadPortRules } from './rules.ts';
import type { PortRule } from './rules.ts';

export interface PublishedPorts {
  /** The networks, with published ports. */
  readonly networks: NetworkManager;
  /** Once, when all containers have been restored: from now on an agent can connect, which is told all their ports. */
  listen(): Promise<void>;
  stop(): void;
}

export function openPorts(options: {
  readonly networks: NetworkManager;
  readonly socketPath: string;
  readonly onBackgroundError: (error: unknown) => void;
}): PublishedPorts {
  const { networks, socketPath, onBackgroundError } = options;
  const link = new HostLink({ socketPath, wanted: () => publisher.forwards(), onBackgroundError });
  const publisher = new Publisher({
    table: new PortTable(),
    host: link,
    loadRules: loadPublishedRules,
    hasRules,
    onBackgroundError,
  });
  return {
    networks: publishingNetworks(networks, publisher),
    listen: async () => {
      await publisher.restored().catch(onBackgroundError);
      await link.listen();
    },
    stop: () => link.stop(),
  };
}

/** Loads the rules, and what of the VM's settings they need. @throws CommandError */
export async function loadPublishedRules(rules: readonly PortRule[]): Promise<void> {
  await loadPortRules(rules);
  // Behind the rules that keep neighbours from the VM's loopback.
  setNetSysctl(ROUTE_LOCALNET, '1');
}

const ROUTE_LOCALNET = 'ipv4/conf/all/route_localnet';

/** Whoever has loaded rules since the VM started has set this behind them. */
const hasRules = (): boolean => netSysctl(ROUTE_LOCALNET) === '1';
