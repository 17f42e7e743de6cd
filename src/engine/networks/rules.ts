import { MACHINE_PORT_RANGE } from '../../protocol/boot/config-disk.ts';
import { formatSubnet } from './address.ts';
import { outsideSubnets } from './outside.ts';
import { mustRun } from '../sys/spawn.ts';

export interface BridgeRule {
  readonly interfaceName: string;
  readonly subnet: string;
}

/** QEMU's user-mode network: its 10.0.2.2 is the host's own loopback. */
const USER_NETWORK = '10.0.2.0/24';

/**
 * The whole nftables ruleset, replaced in one transaction:
 *
 * - containers leave through the VM's address; networks don't reach each other; from outside nothing is let in that a
 *   container didn't ask for
 * - of the VM itself containers reach DNS and ICMP only: not SSH, nor anything else that listens there
 * - the ports that machines open for themselves on the host's loopback are closed to containers
 *
 * @param outside networks in which the host may be reached as a neighbour
 */
export function ruleset(bridges: readonly BridgeRule[], outside: readonly string[]): string {
  const names = bridges.map((bridge) => JSON.stringify(bridge.interfaceName)).join(', ');
  const guarded = [...new Set([USER_NETWORK, ...outside])].join(', ');
  const ports = `${MACHINE_PORT_RANGE.first}-${MACHINE_PORT_RANGE.last}`;
  const lines = (render: (bridge: BridgeRule) => string): string => bridges.map(render).join('\n    ');
  return `table ip wherry
delete table ip wherry
table ip wherry {
  set bridges { type ifname; elements = { ${names} } }
  set guarded { type ipv4_addr; flags interval; auto-merge; elements = { ${guarded} } }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ${lines((bridge) => `ip saddr ${bridge.subnet} oifname != ${JSON.stringify(bridge.interfaceName)} masquerade`)}
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname @bridges ip daddr @guarded meta l4proto { tcp, udp } th dport ${ports} reject
    ct state established,related accept
    ${lines((bridge) => `iifname ${JSON.stringify(bridge.interfaceName)} oifname ${JSON.stringify(bridge.interfaceName)} accept`)}
    oifname @bridges drop
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname != @bridges accept
    ct state established,related accept
    meta l4proto { tcp, udp } th dport 53 accept
    meta l4proto icmp accept
    reject
  }
}
`;
}

/** Hands the ruleset to the kernel. @throws CommandError */
export async function applyRules(bridges: readonly BridgeRule[]): Promise<void> {
  const own = new Set(bridges.map((bridge) => bridge.interfaceName));
  const outside = outsideSubnets(own).map(formatSubnet);
  await mustRun('nft', ['-f', '-'], { input: ruleset(bridges, outside) });
}
