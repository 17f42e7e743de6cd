import { MACHINE_PORT_RANGE } from '../../protocol/boot/config-disk.ts';
import { formatSubnet } from './address.ts';
import type { Bridge } from './bridge.ts';
import { outsideSubnets } from './outside.ts';
import { mustRun } from '../sys/spawn.ts';

export interface BridgeRule {
  readonly interfaceName: string;
  readonly ipv4: { readonly subnet: string; readonly gateway: string };
  readonly ipv6?: { readonly subnet: string; readonly gateway: string } | undefined;
  /** Nothing gets in or out. */
  readonly internal: boolean;
  /** Containers of the network reach each other. */
  readonly icc: boolean;
  /** Containers leave under the VM's address. */
  readonly masquerade: boolean;
}

export function ruleOf({ record, options }: Bridge): BridgeRule {
  const { interfaceName, subnet, gateway, ipv6 } = record;
  const { icc, masquerade } = options;
  return {
    interfaceName,
    ipv4: { subnet, gateway },
    ipv6,
    internal: record.internal === true,
    icc,
    masquerade,
  };
}

/** QEMU's user-mode networks: 10.0.2.2 and fec0::2 are the host's own loopback. */
const USER_NETWORK = '10.0.2.0/24';
const USER_NETWORK_6 = 'fec0::/10';
const LINK_LOCAL_6 = 'fe80::/10';
const MACHINE_PORTS = `${MACHINE_PORT_RANGE.first}-${MACHINE_PORT_RANGE.last}`;
const SSH_PORT = 22;

const guardedNetworks = (outside: readonly string[]): string =>
  [...new Set([USER_NETWORK, ...outside])].join(', ');

/** What differs between the two families. */
interface Family {
  readonly table: 'ip' | 'ip6';
  readonly key: 'ipv4' | 'ipv6';
  readonly addressType: string;
  readonly guarded: string;
  /** What of it containers can't reach at all; undefined: where the host may be reached. */
  readonly closed: string | undefined;
  readonly control: string;
  /** Beside the gateway's, the VM's addresses that containers of an internal network may send to. */
  readonly ownLink: readonly string[];
}

/**
 * The whole nftables ruleset of the bridges, replaced in one transaction:
 *
 * - containers leave through the VM's address; networks don't reach each other; from outside nothing is let in that a
 *   container didn't ask for; of an internal network nothing leaves at all
 * - published ports (../ports/rules.ts) are let in, from everywhere; a container that reaches one on its own network does
 *   so under the bridge's address, or the answer would not come back by the way that it went
 * - of the VM itself containers reach DNS and ICMP only: not SSH, nor anything else that listens there
 * - the ports that machines open for themselves on the host's loopback are closed to containers; answers to a client
 *   whose own port happens to be one of those are let through
 *
 * Containers of one network without "icc" are kept apart by the bridge itself (links.ts, isolatePort); the rule here is
 * for what they send by way of the gateway.
 *
 * @param outside networks in which the host may be reached as a neighbour
 * @param hostAccess false: nothing of those networks is reached, the host included
 */
export function ruleset(
  bridges: readonly BridgeRule[],
  outside: readonly string[],
  hostAccess = true,
): string {
  const with6 = bridges.filter(({ ipv6 }) => ipv6 !== undefined);
  const closed6 = hostAccess ? undefined : `{ ${USER_NETWORK_6}, ${LINK_LOCAL_6} }`;
  const six = with6.length === 0 ? '' : table({ ...IPV6, closed: closed6 }, with6);
  const closed = hostAccess ? undefined : '@guarded';
  return `table ip wherry
delete table ip wherry
table ip6 wherry
delete table ip6 wherry
${table({ ...IPV4, guarded: guardedNetworks(outside), closed }, bridges)}${six}`;
}

const IPV4: Family = {
  table: 'ip',
  key: 'ipv4',
  addressType: 'ipv4_addr',
  guarded: USER_NETWORK,
  closed: undefined,
  control: 'icmp',
  ownLink: [],
};

const IPV6: Family = {
  table: 'ip6',
  key: 'ipv6',
  addressType: 'ipv6_addr',
  // Whatever the VM is on with others: of IPv6 the host has more than one address there.
  guarded: `${USER_NETWORK_6}, ${LINK_LOCAL_6}, 2000::/3`,
  closed: undefined,
  // ICMPv6 by its number (IANA): the VM has no list of protocols' names.
  control: '58',
  ownLink: ['fe80::/10', 'ff02::/16'],
};

function table(family: Family, bridges: readonly BridgeRule[]): string {
  const { table: ip, control, closed } = family;
  const names = bridges.map((bridge) => JSON.stringify(bridge.interfaceName)).join(', ');
  const lines = (render: (bridge: BridgeRule, own: string) => readonly string[]): string =>
    bridges.flatMap((bridge) => render(bridge, JSON.stringify(bridge.interfaceName))).join('\n    ');
  const subnet = (bridge: BridgeRule): string => bridge[family.key]?.subnet ?? '';
  const mayReach = (bridge: BridgeRule): string =>
    [bridge[family.key]?.gateway ?? '', ...family.ownLink].join(', ');
  return `table ${ip} wherry {
  set bridges { type ifname; elements = { ${names} } }
  set guarded { type ${family.addressType}; flags interval; auto-merge; elements = { ${family.guarded} } }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ${lines((bridge, own) => (bridge.masquerade ? [`${ip} saddr ${subnet(bridge)} oifname != ${own} masquerade`] : []))}
    ${lines((bridge, own) => [`${ip} saddr ${subnet(bridge)} oifname ${own} ct status dnat masquerade`])}
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ${lines(({ internal }, own) => (internal ? [`iifname ${own} oifname != ${own} drop`, `oifname ${own} iifname != ${own} drop`] : []))}
    ct state established,related accept
    iifname @bridges ${ip} daddr @guarded meta l4proto { tcp, udp } th dport ${MACHINE_PORTS} reject
    ${closed === undefined ? '' : `iifname @bridges ${ip} daddr ${closed} reject`}
    ${lines(({ icc }, own) => [`iifname ${own} oifname ${own} ${icc ? '' : 'ct status dnat '}accept`])}
    oifname @bridges ct status dnat accept
    oifname @bridges drop
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname != @bridges accept
    ${lines((bridge, own) => (bridge.internal ? [`iifname ${own} ${ip} daddr != { ${mayReach(bridge)} } drop`] : []))}
    ct state established,related accept
    meta l4proto { tcp, udp } th dport 53 accept
    meta l4proto ${control} accept
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
export function hostNetworkRuleset(cgroup: string, outside: readonly string[], hostAccess = true): string {
  // The VM's resolver is there, too, and a container on its network asks it directly.
  const ports = hostAccess ? MACHINE_PORTS : '!= 53';
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
    ip daddr @guarded meta l4proto { tcp, udp } th dport ${ports} reject
    ip6 daddr ${USER_NETWORK_6} meta l4proto { tcp, udp } th dport ${ports} reject
    oifname "lo" tcp dport ${SSH_PORT} reject
  }
}
`;
}

/** Hands the bridges' ruleset to the kernel. @throws CommandError */
export async function applyRules(bridges: readonly BridgeRule[], hostAccess: boolean): Promise<void> {
  await load(ruleset(bridges, outsideOf(bridges), hostAccess));
}

/** Hands {@link hostNetworkRuleset} to the kernel. @param bridges networks of the VM's own making @throws CommandError */
export async function applyHostNetworkRules(
  cgroup: string,
  bridges: readonly Pick<BridgeRule, 'interfaceName'>[],
  hostAccess: boolean,
): Promise<void> {
  await load(hostNetworkRuleset(cgroup, outsideOf(bridges), hostAccess));
}

const outsideOf = (bridges: readonly Pick<BridgeRule, 'interfaceName'>[]): string[] =>
  outsideSubnets(new Set(bridges.map((bridge) => bridge.interfaceName))).map(formatSubnet);

async function load(rules: string): Promise<void> {
  await mustRun('nft', ['-f', '-'], { input: rules });
}
