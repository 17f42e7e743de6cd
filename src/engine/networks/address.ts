import { isIPv4 } from 'node:net';
import { invalid } from '../errors.ts';

/** An IPv4 network; addresses are unsigned 32-bit numbers. */
export interface Subnet {
  readonly base: number;
  readonly prefixLength: number;
}

/** @throws EngineError invalidParameter */
export function parseAddress(text: string): number {
  if (!isIPv4(text)) throw invalid(`invalid IPv4 address: ${text}`);
  return text.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

export function addressBytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** `172.17.0.0/16`; the host part must be zero. @param longest prefix length @throws EngineError invalidParameter */
export function parseSubnet(text: string, longest = 30): Subnet {
  const [address = '', length = ''] = text.split('/');
  const prefixLength = Number(length);
  if (!/^\d{1,2}$/.test(length) || prefixLength > longest || prefixLength < 8) {
    throw invalid(`invalid subnet: ${text} (an IPv4 network of /8 to /${longest})`);
  }
  const base = parseAddress(address);
  if (base % sizeOf({ base, prefixLength }) !== 0) {
    throw invalid(
      `invalid network config:\ninvalid subnet ${text}: it should be ${formatAddress(base - (base % 2 ** (32 - prefixLength)))}/${length}`,
    );
  }
  return { base, prefixLength };
}

export const formatSubnet = (subnet: Subnet): string =>
  `${formatAddress(subnet.base)}/${subnet.prefixLength}`;
export const sizeOf = (subnet: Subnet): number => 2 ** (32 - subnet.prefixLength);

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address < subnet.base + sizeOf(subnet);
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a);
}

/** Docker's scheme: locally administered, and the address itself, so that an address always has the same MAC. */
export function macOf(address: string): string {
  return `02:42:${[...addressBytes(address)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
}

/** @throws EngineError invalidParameter */
export function macBytes(mac: string): Buffer {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) throw invalid(`invalid MAC address: ${mac}`);
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}
