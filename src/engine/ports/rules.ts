import { mustRun } from '../sys/spawn.ts';

/** Traffic to a port of the VM's goes to a container's. */
export interface PortRule {
  readonly proto: 'tcp' | 'udp';
  readonly guestPort: number;
  readonly ipv4: string;
  readonly containerPort: number;
}

/**
 * The nftables rules of the published ports, replaced in one transaction; connections that there are go on.
 *
 * A port is published at every address of the VM's: for the host it is 10.0.2.15, for containers their gateway, for
 * the VM itself (and containers on its network) 127.0.0.1 too. The last needs `route_localnet`, which by itself would
 * let neighbours reach what listens on the VM's loopback (CVE-2020-8558): the first chain is against that.
 *
 * @param shared somebody's computer: its neighbours reach no port, only itself (so that SSH may) and the containers
 *
 * Needs the table `wherry` (../networks/rules.ts), which lets translated connections into the bridges.
 */
export function portRules(rules: readonly PortRule[], shared = false): string {
  const map = (proto: PortRule['proto']): string => {
    const elements = rules
      .filter((rule) => rule.proto === proto)
      .map(({ guestPort, ipv4, containerPort }) => `${guestPort} : ${ipv4} . ${containerPort}`);
    const list = elements.length === 0 ? '' : ` elements = { ${elements.join(', ')} };`;
    return `map ${proto}_ports { type inet_service : ipv4_addr . inet_service;${list} }`;
  };
  return `table ip wherry_ports
delete table ip wherry_ports
table ip wherry_ports {
  ${map('tcp')}
  ${map('udp')}
  chain loopback {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }
  chain publish {
    fib daddr type local dnat ip to tcp dport map @tcp_ports
    fib daddr type local dnat ip to udp dport map @udp_ports
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ${shared ? 'iifname "wherry0" jump publish\n    iifname "br-*" jump publish' : 'jump publish'}
  }
  chain output {
    type nat hook output priority -100; policy accept;
    jump publish
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 127.0.0.0/8 oifname != "lo" ct status dnat masquerade
  }
}
`;
}

/** Hands them to the kernel. @throws CommandError */
export async function loadPortRules(rules: readonly PortRule[], shared = false): Promise<void> {
  await mustRun('nft', ['-f', '-'], { input: portRules(rules, shared) });
}
