import { linkIndex, setNetSysctl, setUp } from './links.ts';
import { RouteSocket } from './netlink.ts';

/** Runs inside of a new namespace. The sysctls are Docker's defaults for containers. */
export function configureLoopback(): void {
  const route = new RouteSocket();
  try {
    const index = linkIndex(route, 'lo');
    if (index !== undefined) setUp(route, index);
  } finally {
    route.close();
  }
  setNetSysctl('ipv6/conf/default/disable_ipv6', '1');
  setNetSysctl('ipv4/ip_unprivileged_port_start', '0');
  setNetSysctl('ipv4/ping_group_range', '0 2147483647');
}
