import { BlockList, isIP } from 'node:net';

/** `10.0.0.0/8`, `fd00::/8`; undefined for what isn't written so. */
export function rangeOf(text: string): { readonly network: string; readonly prefix: number } | undefined {
  const [, network = '', prefix = ''] = /^([\da-f.:]+)\/(\d{1,3})$/i.exec(text) ?? [];
  return network === '' ? undefined : { network, prefix: Number(prefix) };
}

/** Whether an address is of a range; no name ever is. */
export function inRange(network: string, prefix: number, host: string): boolean {
  const family = isIP(network);
  if (family === 0 || family !== isIP(host) || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
