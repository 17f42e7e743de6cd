import { readFileSync } from 'node:fs';

const ROUTES = '/proc/net/route';
const RTF_GATEWAY = 2;

/**
 * Where the user's computer is, seen from the VM: its gateway. Under QEMU's user-mode network that is 10.0.2.2, which
 * is the computer's own loopback; on a switch of Hyper-V's it is the computer's address there.
 *
 * @param table of proc_net(5): `Iface Destination Gateway Flags …`, addresses as little-endian hexadecimal numbers
 */
export function gatewayOf(table: string): string | undefined {
  for (const line of table.split('\n').slice(1)) {
    const [, destination, gateway = '', flags = '', , , , mask] = line.trim().split(/\s+/);
    if (destination !== '00000000' || mask !== '00000000') continue;
    if ((Number.parseInt(flags, 16) & RTF_GATEWAY) === 0) continue;
    return [...Buffer.from(gateway, 'hex')].toReversed().join('.');
  }
  return undefined;
}

/** Read at each call: the address may come late, and change. @throws Error if the kernel doesn't tell */
export const hostAddress = (): string | undefined => gatewayOf(readFileSync(ROUTES, 'utf8'));
