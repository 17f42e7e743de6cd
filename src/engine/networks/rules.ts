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
const MACHINE_PORTS = `${MACHINE_PORT_RANGE.first}-${MACHINE_PORT_RANGE.last}`;
const SSH_PORT = 22;

const guardedNetworks = (outside: readonly string[]): string =>
  [...new Set([USER_NETWORK, ...outside])].join(', ');

/**
 * The whole nftables ruleset, replaced in one transaction:
 *
 * - containers leave through the VM's address; networks don't reach each other; from outside nothing is let in that a
 *   container didn't ask for
 * - published ports (../ports/rules.ts) are let in, from everywhere; a container that reaches one on its own network does
 *   so under the bridge's address, or the answer would not come back by the way that it went
 * - of the VM itself containers reach DNS and ICMP only: not SSH, nor anything else that listens there
 * - the ports that machines open for themselves on the host's loopback are closed to containers
 *
 * @param outside networks in which the host may be reached as a neighbour
 */
export function ruleset(bridges: readonly BridgeRule[], outside: readonly string[]): string {
  const names = bridges.map((bridge) => JSON.stringify(bridge.interfaceName)).join(', ');
  const guarded = guardedNetworks(outside);
  const lines = (render: (bridge: BridgeRule) => string): string => bridges.map(render).join('\n    ');
  return `table ip wherry
delete table ip wherry
table ip wherry {
  set bridges { type ifname; elements = { ${names} } }
  set guarded { type ipv4_addr; flags interval; auto-merge; elements = { ${guarded} } }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ${lines((bridge) => `ip saddr ${bridge.subnet} oifname != ${JSON.stringify(bridge.interfaceName)} masquerade`)}
    ${lines((bridge) => `ip saddr ${bridge.subnet} oifname ${JSON.stringify(bridge.interfaceName)} ct status dnat masquerade`)}
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname @bridges ip daddr @guarded meta l4proto { tcp, udp } th dport ${MACHINE_PORTS} reject
    ct state established,related accept
    ${lines((bridge) => `iifname ${JSON.stringify(bridge.interfaceName)} oifname ${JSON.stringify(bridge.interfaceName)} accept`)}
    oifname @bridges ct status dnat accept
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

/**
 * What containers on the VM's own network (`--network host`) may not reach: the machines' ports on the host and the
 * VM's SSH. They are told from the VM's own programs by the cgroup that their sockets were made in
 * (nftables `socket cgroupv2`, Linux 5.13); a container can't leave its cgroup.
 *
 * @param cgroup path below the cgroup mount of the cgroup that holds all containers' (`/wherry`). It has to exist: its
 *   id is looked up when the rules are loaded
 */
export function hostNetworkRuleset(cgroup: string, outside: readonly string[]): string {
  const parts = cgroup.split('/').filter(Boolean);
  return `table inet wherry_host
delete table inet wherry_host
table inet wherry_host {
  set guarded { type ipv4_addr; flags interval; auto-merge; elements = { ${guardedNetworks(outside)} } }
  chain output {
    type filter hook output priority filter; policy accept;
    socket cgroupv2 level ${parts.length} ${JSON.stringify(parts.join('/'))} jump containers
  }
  chain containers {
    ct state established,related accept
    ip daddr @guarded meta l4proto { tcp, udp } th dport ${MACHINE_PORTS} reject
    oifname "lo" tcp dport ${SSH_PORT} reject
  }
}
`;
}

/** Hands the bridges' ruleset to the kernel. @throws CommandError */
export async function applyRules(bridges: readonly BridgeRule[]): Promise<void> {
  const own = new Set(bridges.map((bridge) => bridge.interfaceName));
  await load(ruleset(bridges, outsideSubnets(own).map(formatSubnet)));
}

/** Hands {@link hostNetworkRuleset} to the kernel. @param bridges networks of the VM's own making @throws CommandError */
export async function applyHostNetworkRules(cgroup: string, bridges: readonly BridgeRule[]): Promise<void> {
  const own = new Set(bridges.map((bridge) => bridge.interfaceName));
  await load(hostNetworkRuleset(cgroup, outsideSubnets(own).map(formatSubnet)));
}

async function load(rules: string): Promise<void> {
  await mustRun('nft', ['-f', '-'], { input: rules });
}
