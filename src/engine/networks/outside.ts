import { networkInterfaces } from 'node:os';
import { parseAddress } from './address.ts';
import type { Subnet } from './address.ts';

/** IPv4 networks that the VM itself is on, loopback and the given interfaces left out. */
export function outsideSubnets(except: ReadonlySet<string> = new Set()): Subnet[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => name !== 'lo' && !except.has(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .flatMap(({ family, cidr }) => (family === 'IPv4' && cidr !== null ? [networkOf(cidr)] : []));
}

/** `10.0.2.15/24` → 10.0.2.0/24. */
function networkOf(cidr: string): Subnet {
  const [text = '', length = '32'] = cidr.split('/');
  const address = parseAddress(text);
  const prefixLength = Number(length);
  return { base: address - (address % 2 ** (32 - prefixLength)), prefixLength };
}
