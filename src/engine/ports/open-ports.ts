import { netSysctl, setNetSysctl } from '../networks/links.ts';
import type { NetworkManager } from '../networks/contract.ts';
import { openDatagramRelay } from './datagram-relay.ts';
import type { DatagramRelay } from './datagram-relay.ts';
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
  /** The engine's `host.sock` and `datagrams.sock`. */
  readonly sockets: { readonly host: string; readonly datagrams: string };
  /** Somebody's computer, which has ports and neighbours of its own. */
  readonly shared?: boolean | undefined;
  readonly onBackgroundError: (error: unknown) => void;
}): PublishedPorts {
  const { networks, sockets, shared = false, onBackgroundError } = options;
  let datagrams: DatagramRelay | undefined;
  const link = new HostLink({
    socketPath: sockets.host,
    wanted: () => publisher.forwards(),
    onBackgroundError,
  });
  const publisher = new Publisher({
    table: new PortTable(!shared),
    host: link,
    loadRules: (rules) => loadPublishedRules(rules, shared),
    hasRules,
    onBackgroundError,
  });
  return {
    networks: publishingNetworks(networks, publisher),
    listen: async () => {
      await publisher.restored().catch(onBackgroundError);
      datagrams = await openDatagramRelay(sockets.datagrams);
      await link.listen();
    },
    stop: () => {
      link.stop();
      datagrams?.stop();
    },
  };
}

/** Loads the rules, and what of the VM's settings they need. @throws CommandError */
export async function loadPublishedRules(rules: readonly PortRule[], shared = false): Promise<void> {
  await loadPortRules(rules, shared);
  // Behind the rules that keep neighbours from the VM's loopback.
  setNetSysctl(ROUTE_LOCALNET, '1');
}

const ROUTE_LOCALNET = 'ipv4/conf/all/route_localnet';

/** Whoever has loaded rules since the VM started has set this behind them. */
const hasRules = (): boolean => netSysctl(ROUTE_LOCALNET) === '1';
