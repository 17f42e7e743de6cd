import { parseSubnet, macOf } from './address.ts';
import { DnsServer } from './dns/server.ts';
import type { NameTable } from './dns/names.ts';
import type { Upstream } from './dns/upstream.ts';
import { AddressPool } from './ipam.ts';
import { addAddress, createBridge, deleteLink, linkIndex, setNetSysctl, setUp } from './links.ts';
import type { RouteSocket } from './netlink.ts';
import type { BridgeRecord } from './store.ts';

/** An endpoint as a network lists it. */
export interface Attached {
  readonly containerId: string;
  readonly containerName: string;
  readonly endpointId: string;
  readonly macAddress: string;
  readonly ipv4: string;
  /** Our end of the veth pair. */
  readonly interfaceName: string;
}

/** One bridge network while the engine runs. Its interface and its resolver come up with its first container. */
export class Bridge {
  readonly record: BridgeRecord;
  readonly pool: AddressPool;
  readonly attached = new Map<string, Attached>();
  readonly #route: RouteSocket;
  readonly #dns: DnsServer;
  #up: Promise<void> | undefined;
  #index: number | undefined;

  constructor(record: BridgeRecord, route: RouteSocket, names: NameTable, upstream: Upstream) {
    this.record = record;
    this.pool = new AddressPool(parseSubnet(record.subnet), record.gateway);
    this.#route = route;
    this.#dns = new DnsServer(names, upstream);
  }

  get prefixLength(): number {
    return parseSubnet(this.record.subnet).prefixLength;
  }

  /** True from the first container on. */
  get isUp(): boolean {
    return this.#up !== undefined;
  }

  /** Interface index of the bridge; makes it where it isn't there. Synchronous and idempotent. @throws SyscallError */
  interfaceIndex(): number {
    if (this.#index !== undefined) return this.#index;
    const { interfaceName, gateway } = this.record;
    let index = linkIndex(this.#route, interfaceName);
    if (index === undefined) {
      createBridge(this.#route, interfaceName, macOf(gateway));
      index = linkIndex(this.#route, interfaceName);
    }
    if (index === undefined) throw new Error(`the bridge ${interfaceName} vanished`);
    setNetSysctl(`ipv6/conf/${interfaceName}/disable_ipv6`, '1');
    addAddress(this.#route, index, gateway, this.prefixLength);
    setUp(this.#route, index);
    setNetSysctl('ipv4/ip_forward', '1');
    this.#index = index;
    return index;
  }

  /** Resolves when the resolver answers. @throws Error; the next call tries again */
  async bringUp(): Promise<void> {
    this.interfaceIndex();
    this.#up ??= this.#dns.listen(this.record.gateway).then(() => undefined);
    try {
      await this.#up;
    } catch (error) {
      this.#up = undefined;
      throw error;
    }
  }

  /** Stops the resolver; the interface stays for the containers that go on. */
  close(): void {
    this.#dns.close();
    this.#up = undefined;
  }

  /** Takes the interface away too. @throws SyscallError */
  destroy(): void {
    this.close();
    deleteLink(this.#route, this.record.interfaceName);
    this.#index = undefined;
  }
}
