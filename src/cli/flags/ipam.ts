import { BlockList, isIP, isIPv6 } from 'node:net';
import { usage } from '../base-command.ts';
import type { WherryError } from '../../core/errors.ts';

/** An element of IPAM.Config in the Engine API. */
interface IpamEntry {
  readonly Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/**
 * Puts ranges, gateways and other addresses to the subnets that they are in, as docker's client does.
 *
 * @throws WherryError in its words
 */
export function ipamConfig(wanted: {
  readonly subnets: readonly string[];
  readonly ranges: readonly string[];
  readonly gateways: readonly string[];
  readonly auxAddresses: Readonly<Record<string, string>>;
}): IpamEntry[] {
  const { subnets, ranges, gateways, auxAddresses } = wanted;
  if (subnets.length < ranges.length || subnets.length < gateways.length) {
    throw refusal('every ip-range or gateway must have a corresponding subnet');
  }
  for (const [at, subnet] of subnets.entries()) {
    if (subnets.slice(0, at).some((other) => contains(subnet, other) || contains(other, subnet))) {
      throw refusal('multiple overlapping subnet configuration is not supported');
    }
  }
  const entries = subnets.map((subnet): IpamEntry => ({ Subnet: subnet }));
  const entryOf = (address: string, what: string): IpamEntry => {
    const entry = entries.find(({ Subnet: subnet }) => contains(subnet, address));
    if (entry === undefined) throw refusal(`no matching subnet for ${what} ${address}`);
    return entry;
  };
  for (const range of ranges) {
    const entry = entryOf(range, 'range');
    if (entry.IPRange !== undefined) {
      throw refusal(
        `cannot configure multiple ranges (${range}, ${entry.IPRange}) on the same subnet (${entry.Subnet})`,
      );
    }
    entry.IPRange = range;
  }
  for (const gateway of gateways) {
    const entry = entryOf(gateway, 'gateway');
    if (entry.Gateway !== undefined) {
      throw refusal(
        `cannot configure multiple gateways (${gateway}, ${entry.Gateway}) for the same subnet (${entry.Subnet})`,
      );
    }
    entry.Gateway = gateway;
  }
  for (const [name, address] of Object.entries(auxAddresses)) {
    (entryOf(address, 'aux-address').AuxiliaryAddresses ??= {})[name] = address;
  }
  return entries;
}

const refusal = (message: string): WherryError => usage(message, undefined, 1);

/** Whether an address, or the first one of a subnet, is in a subnet. */
function contains(subnet: string, other: string): boolean {
  const [base = '', length = ''] = subnet.split('/');
  const [address = ''] = other.split('/');
  const prefix = /^\d+$/.test(length) ? Number(length) : -1;
  const family = isIPv6(base) ? 'ipv6' : 'ipv4';
  if (isIP(base) === 0 || isIP(base) !== isIP(address)) return false;
  if (prefix < 0 || prefix > (family === 'ipv6' ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(base, prefix, family);
  return list.check(address, family);
}
