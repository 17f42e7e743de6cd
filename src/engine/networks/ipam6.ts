import { randomBytes } from 'node:crypto';
import { EngineError, invalid } from '../errors.ts';
import { contains6, formatAddress6, formatSubnet6, overlap6, parseAddress6, sizeOf6 } from './address6.ts';
import type { Subnet6 } from './address6.ts';
import { taken } from './ipam.ts';

/** The IPv6 addresses of one network; see AddressPool. */
export class AddressPool6 {
  readonly #subnet: Subnet6;
  readonly #range: Subnet6;
  readonly #taken: Set<bigint>;
  #next: bigint;

  constructor(
    subnet: Subnet6,
    gateway: string,
    limits: { readonly range?: Subnet6 | undefined; readonly reserved?: readonly string[] } = {},
  ) {
    this.#subnet = subnet;
    this.#range = limits.range ?? subnet;
    // The subnet's own address means "any router" (RFC 4291 §2.6.1).
    this.#taken = new Set([
      subnet.base,
      parseAddress6(gateway),
      ...(limits.reserved ?? []).map(parseAddress6),
    ]);
    this.#next = this.#range.base;
  }

  /** @throws EngineError forbidden (taken), invalidParameter (outside), unavailable (none left) */
  take(wanted?: string): string {
    if (wanted !== undefined) {
      const address = parseAddress6(wanted);
      if (!contains6(this.#subnet, address)) {
        throw invalid(
          `invalid address ${wanted}: it is not in the network's subnet ${formatSubnet6(this.#subnet)}`,
        );
      }
      if (this.#taken.has(address)) throw taken();
      this.#taken.add(address);
      return formatAddress6(address);
    }
    const size = sizeOf6(this.#range);
    // There are at most as many taken ones as containers: one of so many steps finds a free one.
    for (let step = 0n; step < size && step <= BigInt(this.#taken.size); step += 1n) {
      const address = this.#range.base + ((this.#next - this.#range.base + step) % size);
      if (this.#taken.has(address)) continue;
      this.#taken.add(address);
      this.#next = address + 1n;
      return formatAddress6(address);
    }
    throw new EngineError('unavailable', 'no available IPv6 addresses on this network');
  }

  release(address: string): void {
    this.#taken.delete(parseAddress6(address));
  }
}

/** A network of unique local addresses: 56 random bits after `fd`, so that nobody else has it (RFC 4193 §3.2). */
export function freeSubnet6(used: readonly Subnet6[]): Subnet6 {
  for (;;) {
    const head = BigInt(`0xfd${randomBytes(7).toString('hex')}`);
    const subnet = { base: head << 64n, prefixLength: 64 };
    if (!used.some((other) => overlap6(subnet, other))) return subnet;
  }
}
