import { EngineError, invalid } from '../errors.ts';
import { contains, formatAddress, formatSubnet, overlap, parseAddress, sizeOf } from './address.ts';
import type { Subnet } from './address.ts';

export interface PoolLimits {
  /** Where addresses that nobody chose come from; undefined: anywhere in the subnet. */
  readonly range?: Subnet | undefined;
  /** Addresses of others on the same wire. */
  readonly reserved?: readonly string[];
}

/** The addresses of one network that are taken: network, gateway and broadcast always are. */
export class AddressPool {
  readonly #subnet: Subnet;
  readonly #range: Subnet;
  readonly #taken: Set<number>;
  #next: number;

  constructor(subnet: Subnet, gateway: string, limits: PoolLimits = {}) {
    const reserved = (limits.reserved ?? []).map(parseAddress);
    this.#subnet = subnet;
    this.#range = limits.range ?? subnet;
    this.#taken = new Set([
      subnet.base,
      parseAddress(gateway),
      subnet.base + sizeOf(subnet) - 1,
      ...reserved,
    ]);
    this.#next = this.#range.base;
  }

  /**
   * The wanted address, or a free one. Goes round, so that an address isn't given to a new container while others
   * still remember the old one.
   *
   * @throws EngineError forbidden (taken), invalidParameter (outside), unavailable (none left)
   */
  take(wanted?: string): string {
    if (wanted !== undefined) {
      const address = parseAddress(wanted);
      if (!contains(this.#subnet, address)) {
        throw invalid(
          `invalid address ${wanted}: it is not in the network's subnet ${formatSubnet(this.#subnet)}`,
        );
      }
      if (this.#taken.has(address)) throw taken();
      this.#taken.add(address);
      return wanted;
    }
    const { base } = this.#range;
    const size = sizeOf(this.#range);
    for (let step = 0; step < size; step += 1) {
      const address = base + ((this.#next - base + step) % size);
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      this.#next = address + 1;
      return formatAddress(address);
    }
    throw new EngineError('unavailable', 'no available IPv4 addresses on this network');
  }

  release(address: string): void {
    this.#taken.delete(parseAddress(address));
  }
}

/** What moby says; a 403 there too. */
export const taken = (): EngineError => new EngineError('forbidden', 'Address already in use');

/** Docker's pools for networks whose subnet nobody gave: 172.18–31.0.0/16, then 192.168.0.0/20 and on. */
export function freeSubnet(used: readonly Subnet[]): Subnet {
  for (let second = 18; second < 32; second += 1) {
    const subnet = { base: parseAddress(`172.${second}.0.0`), prefixLength: 16 };
    if (!used.some((other) => overlap(subnet, other))) return subnet;
  }
  for (let third = 0; third < 256; third += 16) {
    const subnet = { base: parseAddress(`192.168.${third}.0`), prefixLength: 20 };
    if (!used.some((other) => overlap(subnet, other))) return subnet;
  }
  throw new EngineError('unavailable', 'could not find an available, non-overlapping IPv4 address pool');
}
