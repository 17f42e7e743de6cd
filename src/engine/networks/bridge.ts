import { parseSubnet, macOf } from './address.ts';
import { parseSubnet6 } from './address6.ts';
import { bridgeOptions } from './bridge-options.ts';
import type { BridgeOptions } from './bridge-options.ts';
import { DnsServer } from './dns/server.ts';
import type { NameTable } from './dns/names.ts';
import type { Upstream } from './dns/upstream.ts';
import { AddressPool } from './ipam.ts';
import { AddressPool6 } from './ipam6.ts';
import {
  addAddress,
  addAddress6,
  createBridge,
  deleteLink,
  linkIndex,
  setNetSysctl,
  setUp,
} from './links.ts';
import type { RouteSocket } from './netlink.ts';
import type { BridgeRecord } from './store.ts';

/** An endpoint as a network lists it. */
export interface Attached {
  readonly containerId: string;
  readonly containerName: string;
  readonly endpointId: string;
  readonly macAddress: string;
  readonly ipv4: string;
  readonly ipv6: string | undefined;
  /** Our end of the veth pair. */
  readonly interfaceName: string;
}

export interface BridgeParts {
  readonly route: RouteSocket;
  readonly names: NameTable;
  readonly upstream: Upstream;
  /** See NetworkManager. */
  hostAddress(): string | undefined;
}

/** One bridge network while the engine runs. Its interface and its resolver come up with its first container. */
export class Bridge {
  readonly record: BridgeRecord;
  readonly options: BridgeOptions;
  readonly pool: AddressPool;
  readonly pool6: AddressPool6 | undefined;
  readonly attached = new Map<string, Attached>();
  readonly #route: RouteSocket;
  readonly #dns: DnsServer;
  #up: Promise<void> | undefined;
  #index: number | undefined;

  constructor(record: BridgeRecord, parts: BridgeParts) {
    const { ipv6 } = record;
    this.record = record;
    this.options = bridgeOptions(record.options ?? {});
    this.pool = new AddressPool(parseSubnet(record.subnet), record.gateway, {
      range: record.ipRange === undefined ? undefined : parseSubnet(record.ipRange, 32),
      reserved: Object.values(record.auxAddresses ?? {}),
    });
    this.pool6 =
      ipv6 === undefined
        ? undefined
        : new AddressPool6(parseSubnet6(ipv6.subnet), ipv6.gateway, {
            range: ipv6.ipRange === undefined ? undefined : parseSubnet6(ipv6.ipRange),
            reserved: Object.values(ipv6.auxAddresses ?? {}),
          });
    this.#route = parts.route;
    this.#dns = new DnsServer(parts.names, parts.upstream, {
      forwards: record.internal !== true,
      hostAddress: () => parts.hostAddress(),
    });
  }

  get prefixLength(): number {
    return parseSubnet(this.record.subnet).prefixLength;
  }

  /** Interface index of the bridge; makes it where it isn't there. Synchronous and idempotent. @throws SyscallError */
  interfaceIndex(): number {
    if (this.#index !== undefined) return this.#index;
    const { interfaceName, gateway, ipv6 } = this.record;
    let index = linkIndex(this.#route, interfaceName);
    if (index === undefined) {
      createBridge(this.#route, interfaceName, { mac: macOf(gateway), mtu: this.options.mtu });
      index = linkIndex(this.#route, interfaceName);
    }
    if (index === undefined) throw new Error(`the bridge ${interfaceName} vanished`);
    setNetSysctl(`ipv6/conf/${interfaceName}/disable_ipv6`, ipv6 === undefined ? '1' : '0');
    addAddress(this.#route, index, gateway, this.prefixLength);
    if (ipv6 !== undefined) {
      setNetSysctl(`ipv6/conf/${interfaceName}/accept_ra`, '0');
      addAddress6(this.#route, index, ipv6.gateway, parseSubnet6(ipv6.subnet).prefixLength);
      setNetSysctl('ipv6/conf/all/forwarding', '1');
    }
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
