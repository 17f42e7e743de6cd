import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, conflict, invalid, notFound } from '../errors.ts';
import type { EventBus } from '../events.ts';
import { contains, formatAddress, formatSubnet, overlap, parseAddress, parseSubnet } from './address.ts';
import type { Subnet } from './address.ts';
import { Bridge } from './bridge.ts';
import { NameTable } from './dns/names.ts';
import { createUpstream, reportFailures } from './dns/upstream.ts';
import { freeSubnet } from './ipam.ts';
import { RouteSocket } from './netlink.ts';
import { outsideSubnets } from './outside.ts';
import { applyHostNetworkRules, applyRules } from './rules.ts';
import { Sandboxes } from './sandboxes.ts';
import { NetworkStore, newId } from './store.ts';
import type { NetworkRecord } from './store.ts';

export interface NetworksOptions {
  readonly dataDir: string;
  readonly runDir: string;
  readonly events: EventBus;
  /** Where cgroup v2 is mounted, and the cgroup below it that holds all containers' (`/wherry`). */
  readonly cgroup: { readonly root: string; readonly parent: string };
  /** Told when the VM's resolvers stop answering. */
  readonly onUpstreamFailure: (error: unknown) => void;
  /** The VM's own resolvers. */
  readonly resolvConf?: string | undefined;
}

export interface NewNetwork {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly subnet?: string | undefined;
  readonly gateway?: string | undefined;
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
  readonly #cgroup: NetworksOptions['cgroup'];
  readonly #unsubscribe: () => void;
  readonly #makeBridge: (record: NetworkRecord & { driver: 'bridge' }) => Bridge;
  /** The interfaces that the loaded rules are about; rules are loaded one after the other. */
  #ruled = '';
  #rules: Promise<void> = Promise.resolve();
  #hostRules: Promise<void> | undefined;
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
    this.#cgroup = options.cgroup;
    this.#makeBridge = (record) => new Bridge(record, route, names, upstream);
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
      guardHost: () => this.#guardHost(),
      resolvConf: () => readFile(resolvConf, 'utf8'),
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
    const subnet = this.#chooseSubnet(wanted.subnet);
    const gateway = wanted.gateway ?? formatAddress(subnet.base + 1);
    if (!contains(subnet, parseAddress(gateway))) throw invalid(`no matching subnet for gateway ${gateway}`);
    const id = newId();
    const record = {
      driver: 'bridge' as const,
      id,
      name: wanted.name,
      created: new Date().toISOString(),
      subnet: formatSubnet(subnet),
      gateway,
      interfaceName: `br-${id.slice(0, 12)}`,
      labels: { ...wanted.labels },
    };
    await this.#store.save([...this.#records.values(), record]);
    this.#records.set(id, record);
    this.#bridges.set(id, this.#makeBridge(record));
    this.#events.publish('network', 'create', id, { name: record.name, type: 'bridge' });
    return record;
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
    await this.#loadRules();
    await ready;
  }

  /** One program start, at the first container of each network. */
  #loadRules(): Promise<void> {
    this.#rules = this.#reloadRules(this.#rules);
    return this.#rules;
  }

  async #reloadRules(before: Promise<void>): Promise<void> {
    await before.catch(() => undefined);
    const up = [...this.#bridges.values()].filter((bridge) => bridge.isUp).map(({ record }) => record);
    const key = up.map(({ id }) => id).join(' ');
    if (key === this.#ruled) return;
    await applyRules(up);
    this.#ruled = key;
  }

  /** One program start, at the first container on the VM's own network; one that failed is tried again by the next. */
  async #guardHost(): Promise<void> {
    this.#hostRules ??= this.#loadHostRules();
    try {
      await this.#hostRules;
    } catch (error) {
      this.#hostRules = undefined;
      throw error;
    }
  }

  async #loadHostRules(): Promise<void> {
    const { root, parent } = this.#cgroup;
    // crun makes it with the first container; the rules go by its id, so it has to be there before them.
    await mkdir(join(root, parent), { recursive: true });
    await applyHostNetworkRules(
      parent,
      [...this.#bridges.values()].map(({ record }) => record),
    );
  }

  #chooseSubnet(text: string | undefined): Subnet {
    const used = [...this.#bridges.values()].map(({ record }) => parseSubnet(record.subnet));
    if (text === undefined) return freeSubnet([...used, ...outsideSubnets()]);
    const subnet = parseSubnet(text);
    if (used.some((other) => overlap(subnet, other))) {
      throw new EngineError(
        'forbidden',
        'invalid pool request: Pool overlaps with other one on this address space',
      );
    }
    return subnet;
  }
}

export function isPredefined(record: NetworkRecord): boolean {
  return ['bridge', 'host', 'none'].includes(record.name);
}
