import { isIPv4, isIPv6 } from 'node:net';
import { EngineError, invalid } from '../errors.ts';
import {
  contains,
  formatAddress,
  formatSubnet,
  overlap,
  parseAddress,
  parseSubnet,
  sizeOf,
} from './address.ts';
import type { Subnet } from './address.ts';
import {
  contains6,
  formatAddress6,
  formatSubnet6,
  overlap6,
  parseAddress6,
  parseSubnet6,
  sizeOf6,
} from './address6.ts';
import type { Subnet6 } from './address6.ts';
import { freeSubnet } from './ipam.ts';
import { freeSubnet6 } from './ipam6.ts';
import type { BridgeRecord } from './store.ts';

/** Addresses as the user wants them; what is absent, the engine chooses. */
export interface AddressWishes {
  readonly subnet?: string | undefined;
  readonly gateway?: string | undefined;
  readonly ipRange?: string | undefined;
  readonly auxAddresses?: Readonly<Record<string, string>> | undefined;
}

type Plan4 = Pick<BridgeRecord, 'subnet' | 'gateway' | 'ipRange' | 'auxAddresses' | 'automatic'>;
type Plan6 = NonNullable<BridgeRecord['ipv6']>;

/** One family's arithmetic. */
interface Family<S, A> {
  readonly parse: (text: string) => S;
  readonly parseRange: (text: string) => S & { readonly prefixLength: number };
  readonly format: (subnet: S) => string;
  readonly isAddress: (text: string) => boolean;
  readonly address: (text: string) => A;
  readonly formatAddress: (address: A) => string;
  readonly contains: (subnet: S, address: A) => boolean;
  readonly overlap: (a: S, b: S) => boolean;
  /** The first address that a gateway can have. */
  readonly first: (subnet: S, range: S | undefined) => A;
  readonly last: (subnet: S) => A;
  readonly base: (subnet: S) => A;
}

const V4: Family<Subnet, number> = {
  parse: parseSubnet,
  parseRange: (text) => parseSubnet(text, 32),
  format: formatSubnet,
  isAddress: isIPv4,
  address: parseAddress,
  formatAddress,
  contains,
  overlap,
  first: (subnet, range) =>
    range === undefined || range.base === subnet.base ? subnet.base + 1 : range.base,
  last: (subnet) => subnet.base + sizeOf(subnet) - 1,
  base: ({ base }) => base,
};

const V6: Family<Subnet6, bigint> = {
  parse: parseSubnet6,
  parseRange: parseSubnet6,
  format: formatSubnet6,
  isAddress: isIPv6,
  address: parseAddress6,
  formatAddress: formatAddress6,
  contains: contains6,
  overlap: overlap6,
  first: (subnet, range) =>
    range === undefined || range.base === subnet.base ? subnet.base + 1n : range.base,
  last: (subnet) => subnet.base + sizeOf6(subnet) - 1n,
  base: ({ base }) => base,
};

/**
 * @param used subnets of the other networks
 * @param outside subnets that the VM is on itself: not taken where the engine chooses
 * @throws EngineError invalidParameter and forbidden (overlap), in moby's words
 */
export function planAddresses(
  wishes: AddressWishes,
  used: readonly Subnet[],
  outside: readonly Subnet[],
): Plan4 {
  return plan(V4, wishes, used, () => freeSubnet([...used, ...outside]));
}

/** The same for IPv6. @throws EngineError */
export function planAddresses6(wishes: AddressWishes, used: readonly Subnet6[]): Plan6 {
  return plan(V6, wishes, used, () => freeSubnet6(used));
}

function plan<S, A>(family: Family<S, A>, wishes: AddressWishes, used: readonly S[], choose: () => S): Plan4 {
  const subnet = wishes.subnet === undefined ? choose() : family.parse(wishes.subnet);
  if (used.some((other) => family.overlap(subnet, other))) {
    throw new EngineError(
      'forbidden',
      'invalid pool request: Pool overlaps with other one on this address space',
    );
  }
  const range = wishes.ipRange === undefined ? undefined : rangeIn(family, subnet, wishes.ipRange);
  for (const [name, address] of Object.entries(wishes.auxAddresses ?? {})) {
    check(family, subnet, address, `invalid auxiliary address ${name}`);
  }
  const { gateway } = wishes;
  if (gateway !== undefined) check(family, subnet, gateway, `invalid gateway ${gateway}`);
  return {
    subnet: family.format(subnet),
    gateway: family.formatAddress(
      gateway === undefined ? family.first(subnet, range) : family.address(gateway),
    ),
    ...(range === undefined ? {} : { ipRange: family.format(range) }),
    ...(wishes.auxAddresses === undefined || Object.keys(wishes.auxAddresses).length === 0
      ? {}
      : { auxAddresses: { ...wishes.auxAddresses } }),
    ...(wishes.subnet === undefined ? { automatic: true as const } : {}),
  };
}

/** moby v28, api/types/network/ipam.go. @throws EngineError invalidParameter */
function rangeIn<S, A>(family: Family<S, A>, subnet: S, text: string): S {
  const range = family.parseRange(text);
  if (!family.contains(subnet, family.base(range)) || !family.contains(subnet, family.last(range))) {
    const reason = family.overlap(subnet, range)
      ? `CIDR block is bigger than its parent subnet ${family.format(subnet)}`
      : `parent subnet ${family.format(subnet)} doesn't contain ip-range`;
    throw invalid(`invalid network config:\ninvalid ip-range ${text}: ${reason}`);
  }
  return range;
}

function check<S, A>(family: Family<S, A>, subnet: S, text: string, what: string): void {
  if (!family.isAddress(text)) throw invalid(`invalid network config:\n${what}: invalid address`);
  if (!family.contains(subnet, family.address(text))) {
    throw invalid(
      `invalid network config:\n${what}: parent subnet ${family.format(subnet)} doesn't contain this address`,
    );
  }
}
