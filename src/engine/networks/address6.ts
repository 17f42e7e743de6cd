import { isIPv6 } from 'node:net';
import { invalid } from '../errors.ts';

/** An IPv6 network; addresses are unsigned 128-bit numbers. */
export interface Subnet6 {
  readonly base: bigint;
  readonly prefixLength: number;
}

const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));

/** @throws EngineError invalidParameter */
export function parseAddress6(text: string): bigint {
  if (!isIPv6(text) || text.includes('%')) throw invalid(`invalid IPv6 address: ${text}`);
  const [head = '', tail] = withHexTail(text).split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** `::ffff:192.0.2.1` → `::ffff:c000:201`. */
function withHexTail(text: string): string {
  const at = text.lastIndexOf(':') + 1;
  const last = text.slice(at);
  if (!last.includes('.')) return text;
  const [a = 0, b = 0, c = 0, d = 0] = last.split('.').map(Number);
  return `${text.slice(0, at)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups as `::`. */
export function formatAddress6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  let best = { at: -1, size: 1 };
  for (let at = 0; at < 8; at += 1) {
    let size = 0;
    while (groups[at + size] === '0') size += 1;
    if (size > best.size) best = { at, size };
  }
  if (best.at < 0) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.size).join(':')}`;
}

export function addressBytes6(text: string): Buffer {
  return Buffer.from(parseAddress6(text).toString(16).padStart(32, '0'), 'hex');
}

export const sizeOf6 = (subnet: Subnet6): bigint => 1n << BigInt(128 - subnet.prefixLength);

/** `fd00:1::/64`; the host part must be zero. @throws EngineError invalidParameter */
export function parseSubnet6(text: string): Subnet6 {
  const [address = '', length = ''] = text.split('/');
  const prefixLength = Number(length);
  if (!/^\d{1,3}$/.test(length) || prefixLength < 16 || prefixLength > 126) {
    throw invalid(`invalid subnet: ${text} (an IPv6 network of /16 to /126)`);
  }
  const base = parseAddress6(address);
  const subnet = { base: base - (base % (1n << BigInt(128 - prefixLength))), prefixLength };
  if (subnet.base !== base) {
    throw invalid(`invalid network config:\ninvalid subnet ${text}: it should be ${formatSubnet6(subnet)}`);
  }
  return subnet;
}

export const formatSubnet6 = (subnet: Subnet6): string =>
  `${formatAddress6(subnet.base)}/${subnet.prefixLength}`;

export function contains6(subnet: Subnet6, address: bigint): boolean {
  return address >= subnet.base && address < subnet.base + sizeOf6(subnet);
}

export function overlap6(a: Subnet6, b: Subnet6): boolean {
  return a.base < b.base + sizeOf6(b) && b.base < a.base + sizeOf6(a);
}
