import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, conflict, invalid, notFound } from '../errors.ts';
import type { EventBus } from '../events.ts';
import { parseSubnet } from './address.ts';
import { parseSubnet6 } from './address6.ts';
import { bridgeOptions } from './bridge-options.ts';
import { Bridge } from './bridge.ts';
import type { NetworkFacts } from './contract.ts';
import { NameTable } from './dns/names.ts';
import { createUpstream, reportFailures } from './dns/upstream.ts';
import { hostAddress } from './host-address.ts';
import { linkIndex } from './links.ts';
import { RouteSocket } from './netlink.ts';
import { outsideSubnets } from './outside.ts';
import { planAddresses, planAddresses6 } from './plan-network.ts';
import type { AddressWishes } from './plan-network.ts';
import { RuleLoader } from './rule-loader.ts';
import type { ContainersCgroup } from './rule-loader.ts';
import { Sandboxes } from './sandboxes.ts';
import { NetworkStore, newId } from './store.ts';
import type { BridgeRecord, NetworkRecord } from './store.ts';

export interface NetworksOptions {
  readonly dataDir: string;
  readonly runDir: string;
  readonly events: EventBus;
  readonly cgroup: ContainersCgroup;
  /** Told when the VM's resolvers stop answering. */
  readonly onUpstreamFailure: (error: unknown) => void;
  /** The VM's own resolvers. */
  readonly resolvConf?: string | undefined;
  /** False: containers neither reach the user's computer nor find its name. */
  readonly hostAccess?: boolean | undefined;
  /** Where the user's computer is, seen from the VM. */
  readonly hostAddress?: (() => string | undefined) | undefined;
}

export interface NewNetwork {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ipv4?: AddressWishes | undefined;
  /** Undefined: without IPv6. */
  readonly ipv6?: AddressWishes | undefined;
  readonly internal?: boolean | undefined;
  readonly attachable?: boolean | undefined;
  /** Of the driver; see bridge-options.ts. */
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** A network with what is on it now. */
export interface NetworkView {
  readonly record: NetworkRecord;
  readonly attached: Bridge['attached'];
}

const RESOLV_CONF = '/etc/resolv.conf';

/** Opens what is stored. Nothing of the VM's network is touched before the first container needs it. */
export async function openNetworks(options: NetworksOptions): Promise<Networks> {
  const store = new NetworkStore(options.dataDir);
  return new Networks(options, store, await store.load());
}

export class Networks {
  readonly sandboxes: Sandboxes;
  readonly #records: Map<string, NetworkRecord>;
  readonly #bridges = new Map<string, Bridge>();
  readonly #store: NetworkStore;
  readonly #events: EventBus;
  readonly #rules: RuleLoader;
  readonly #unsubscribe: () => void;
  readonly #makeBridge: (record: BridgeRecord) => Bridge;
  readonly #route: RouteSocket;
  /** Creating and removing happen one after another: each is checked against, and saved with, what was before it. */
  #changes: Promise<unknown> = Promise.resolve();

  constructor(options: NetworksOptions, store: NetworkStore, records: readonly NetworkRecord[]) {
    const resolvConf = options.resolvConf ?? RESOLV_CONF;
    const route = new RouteSocket();
    const names = new NameTable();
    const isOwn = (address: string): boolean =>
      [...this.#bridges.values()].some((bridge) => bridge.record.gateway === address);
    const upstream = reportFailures(createUpstream(resolvConf, isOwn), options.onUpstreamFailure);
    this.#store = store;
    this.#events = options.events;
    const { hostAccess = true } = options;
    this.#rules = new RuleLoader(() => [...this.#bridges.values()], options.cgroup, hostAccess);
    const whereIsHost = hostAccess ? (options.hostAddress ?? hostAddress) : () => undefined;
    this.#route = route;
    this.#makeBridge = (record) => new Bridge(record, { route, names, upstream, hostAddress: whereIsHost });
    this.#records = new Map(records.map((record) => [record.id, record]));
    for (const record of records) {
      if (record.driver === 'bridge') this.#bridges.set(record.id, this.#makeBridge(record));
    }
    this.sandboxes = new Sandboxes({
      directory: join(options.runDir, 'netns'),
      route,
      names,
      events: options.events,
      bridge: (reference) => this.#bridge(reference),
      prepare: (bridge) => this.#prepare(bridge),
      guardHost: () => this.#rules.guardHost(),
      resolvConf: () => readFile(resolvConf, 'utf8'),
      lookup: (reference) => this.#lookup(reference),
      hostAddress: whereIsHost,
    });
    this.#unsubscribe = options.events.subscribe(({ Type: type, Action: action, Actor: actor }) => {
      const name = actor.Attributes['name'];
      if (type === 'container' && action === 'rename' && name !== undefined)
        this.sandboxes.rename(actor.ID, name);
    });
  }

  list(): NetworkView[] {
    return [...this.#records.values()].map((record) => this.#view(record));
  }

  /** By name, id or unambiguous start of an id. @throws EngineError notFound, invalidParameter (ambiguous) */
  find(reference: string): NetworkView {
    const all = [...this.#records.values()];
    const exact = all.find(({ id, name }) => id === reference || name === reference);
    if (exact !== undefined) return this.#view(exact);
    const [first, second] = reference === '' ? [] : all.filter(({ id }) => id.startsWith(reference));
    if (first === undefined) throw notFound(`network ${reference} not found`);
    if (second !== undefined) throw invalid(`network ${reference} is ambiguous`);
    return this.#view(first);
  }

  /** @throws EngineError conflict (name taken), invalidParameter, forbidden (overlapping subnet) */
  async create(wanted: NewNetwork): Promise<NetworkRecord> {
    return await this.#oneAtATime(async () => this.#create(wanted));
  }

  async #create(wanted: NewNetwork): Promise<NetworkRecord> {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(wanted.name))
      throw invalid(`invalid network name: ${wanted.name}`);
    if ([...this.#records.values()].some(({ name }) => name === wanted.name)) {
      throw conflict(`network with name ${wanted.name} already exists`);
    }
    const id = newId();
    const record = this.#plan(id, wanted);
    await this.#store.save([...this.#records.values(), record]);
    this.#records.set(id, record);
    this.#bridges.set(id, this.#makeBridge(record));
    this.#events.publish('network', 'create', id, { name: record.name, type: 'bridge' });
    return record;
  }

  #plan(id: string, wanted: NewNetwork): BridgeRecord {
    const others = [...this.#bridges.values()].map(({ record }) => record);
    const used = others.map(({ subnet }) => parseSubnet(subnet));
    const used6 = others.flatMap(({ ipv6 }) => (ipv6 === undefined ? [] : [parseSubnet6(ipv6.subnet)]));
    const { interfaceName = `br-${id.slice(0, 12)}` } = bridgeOptions(wanted.options ?? {});
    const other = others.find((record) => record.interfaceName === interfaceName);
    if (other !== undefined) {
      throw new EngineError(
        'forbidden',
        `cannot create network ${id} (${interfaceName}): conflicts with network ${other.id} (${interfaceName}): networks have same bridge name`,
      );
    }
    if (linkIndex(this.#route, interfaceName) !== undefined) {
      throw new EngineError(
        'forbidden',
        `cannot create network ${id}: the VM has an interface ${interfaceName}`,
      );
    }
    return {
      driver: 'bridge',
      id,
      name: wanted.name,
      created: new Date().toISOString(),
      interfaceName,
      labels: { ...wanted.labels },
      ...planAddresses(wanted.ipv4 ?? {}, used, outsideSubnets()),
      ...(wanted.ipv6 === undefined ? {} : { ipv6: planAddresses6(wanted.ipv6, used6) }),
      ...(wanted.internal === true ? { internal: true } : {}),
      ...(wanted.attachable === true ? { attachable: true } : {}),
      ...(Object.keys(wanted.options ?? {}).length > 0 ? { options: { ...wanted.options } } : {}),
    };
  }

  /** @throws EngineError notFound, forbidden (predefined, in use) */
  async remove(reference: string): Promise<void> {
    await this.#oneAtATime(async () => this.#remove(reference));
  }

  async #remove(reference: string): Promise<void> {
    const { record, attached } = this.find(reference);
    if (isPredefined(record)) {
      throw new EngineError('forbidden', `${record.name} is a pre-defined network and cannot be removed`);
    }
    const [user] = attached.values();
    if (user !== undefined) {
      throw new EngineError(
        'forbidden',
        `error while removing network: network ${record.name} has active endpoints ` +
          `(name:"${user.containerName}" id:"${user.endpointId.slice(0, 12)}")`,
      );
    }
    // Before anything is awaited: no container may join it any more.
    const bridge = this.#bridges.get(record.id);
    this.#bridges.delete(record.id);
    this.#records.delete(record.id);
    try {
      await this.#store.save([...this.#records.values()]);
    } catch (error) {
      this.#records.set(record.id, record);
      if (bridge !== undefined) this.#bridges.set(record.id, bridge);
      throw error;
    }
    bridge?.destroy();
    if (this.#rules.isAbout(record.id)) await this.#rules.load();
    this.#events.publish('network', 'destroy', record.id, { name: record.name, type: record.driver });
  }

  /** Ends the resolvers; interfaces, rules and namespaces stay for the containers that go on. */
  close(): void {
    this.#unsubscribe();
    for (const bridge of this.#bridges.values()) bridge.close();
  }

  #oneAtATime<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change);
    this.#changes = result.catch(() => undefined); // the caller sees the failure; the next change starts afresh
    return result;
  }

  #view(record: NetworkRecord): NetworkView {
    return { record, attached: this.#bridges.get(record.id)?.attached ?? new Map() };
  }

  #bridge(reference: string): Bridge {
    const { record } = this.find(reference);
    const bridge = this.#bridges.get(record.id);
    if (bridge === undefined) throw invalid(`network ${record.name} is not a bridge`);
    return bridge;
  }

  async #prepare(bridge: Bridge): Promise<void> {
    bridge.interfaceIndex();
    const ready = bridge.bringUp();
    ready.catch(() => undefined);
    await this.#rules.load();
    await ready;
  }

  #lookup(reference: string): NetworkFacts | undefined {
    try {
      const { record } = this.find(reference);
      const { id, name, driver } = record;
      if (record.driver !== 'bridge') return { id, name, driver, internal: false, ownSubnets: undefined };
      const { ipv6, subnet, automatic } = record;
      const own = [
        ...(automatic === true ? [] : [subnet]),
        ...(ipv6 === undefined || ipv6.automatic === true ? [] : [ipv6.subnet]),
      ];
      const ownSubnets = own.length === 0 ? undefined : own;
      return { id, name, driver, internal: record.internal === true, ownSubnets };
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'notFound') return undefined;
      throw error;
    }
  }
}

export function isPredefined(record: NetworkRecord): boolean {
  return ['bridge', 'host', 'none'].includes(record.name);
}
