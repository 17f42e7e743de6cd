import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { conflict, notFound } from '../errors.ts';
import type { EventBus } from '../events.ts';
import { diskUsage } from '../store/disk-usage.ts';
import { ANONYMOUS_LABEL, LOCAL_DRIVER } from './contract.ts';
import type { NewVolume, Volume, VolumeManager, VolumeMount } from './contract.ts';
import { checkVolumeName } from './names.ts';
import { fillVolume, isEmptyDirectory } from './populate.ts';
import { VolumeStore } from './store.ts';

/** A volume in memory. Ids are containers'. */
interface Entry {
  readonly volume: Volume;
  readonly users: Set<string>;
  readonly mountedBy: Set<string>;
  /** Fillings of this volume, one after another. */
  filling: Promise<unknown>;
}

export interface VolumeView {
  readonly volume: Volume;
  readonly users: ReadonlySet<string>;
}

/** The local driver: volumes are directories of the data disk. */
export class Volumes implements VolumeManager {
  readonly #store: VolumeStore;
  readonly #events: EventBus;
  readonly #entries = new Map<string, Entry>();
  /** Makings and removals, one after another. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(store: VolumeStore, events: EventBus) {
    this.#store = store;
    this.#events = events;
  }

  static async open(dataDir: string, events: EventBus): Promise<Volumes> {
    const volumes = new Volumes(new VolumeStore(join(dataDir, 'volumes')), events);
    for (const volume of await volumes.#store.open()) volumes.#remember(volume);
    return volumes;
  }

  /** All of them, by name. */
  list(): VolumeView[] {
    return [...this.#entries.values()].sort((a, b) => (a.volume.name < b.volume.name ? -1 : 1));
  }

  /** The sizes of the files in each volume, in bytes, and how many containers have it. */
  async usage(): Promise<{ volume: Volume; bytes: number; users: number }[]> {
    const found = [];
    for (const { volume, users } of this.list()) {
      found.push({ volume, bytes: await diskUsage(volume.mountpoint), users: users.size });
    }
    return found;
  }

  mountpointOf(name: string): string {
    return this.#entries.get(name)?.volume.mountpoint ?? '';
  }

  /** @throws EngineError notFound */
  get(name: string): Volume {
    return this.#entry(name).volume;
  }

  /** The volume of that name, made if there is none. @throws EngineError */
  async create(wanted: NewVolume): Promise<Volume> {
    return (await this.#exclusive(async () => this.#findOrMake(wanted))).volume;
  }

  async use(wanted: NewVolume, containerId: string): Promise<Volume> {
    const entry = await this.#exclusive(async () => {
      const found = await this.#findOrMake(wanted);
      found.users.add(containerId);
      return found;
    });
    return entry.volume;
  }

  restoreUse(name: string, containerId: string, mounted: boolean): void {
    const entry = this.#entries.get(name);
    entry?.users.add(containerId);
    if (mounted) entry?.mountedBy.add(containerId);
  }

  /** @throws EngineError notFound; conflict while a container uses it */
  async remove(name: string): Promise<void> {
    const removed = await this.#exclusive(async () => this.#remove(name));
    await removed.clear();
  }

  /** Removes those unused volumes that `chosen` accepts. Returns their names and the bytes that became free. */
  async prune(chosen: (volume: Volume) => boolean): Promise<{ names: string[]; bytes: number }> {
    const names: string[] = [];
    let bytes = 0;
    for (const { volume, users } of this.list()) {
      if (users.size > 0 || !chosen(volume)) continue;
      const size = await diskUsage(volume.mountpoint);
      if (!(await this.#removeUnused(volume.name))) continue; // Somebody has taken it meanwhile.
      names.push(volume.name);
      bytes += size;
    }
    this.#events.publish('volume', 'prune', '', { reclaimed: String(bytes) });
    return { names, bytes };
  }

  async isEmpty(name: string): Promise<boolean> {
    return await isEmptyDirectory(this.#entry(name).volume.mountpoint);
  }

  async populate(name: string, root: string, path: string, durable: boolean): Promise<void> {
    const entry = this.#entry(name);
    const fill = async (): Promise<void> =>
      fillVolume(root, path, {
        mountpoint: entry.volume.mountpoint,
        scratch: async () => this.#store.beginFilling(name),
        isMounted: () => entry.mountedBy.size > 0,
        durable,
      });
    const filled = entry.filling.then(fill, fill);
    entry.filling = filled.catch(() => undefined); // The caller sees the failure.
    await filled;
  }

  mount(containerId: string, { name, destination, writable }: VolumeMount): Volume {
    const entry = this.#entry(name);
    entry.mountedBy.add(containerId);
    this.#publish('mount', name, {
      container: containerId,
      destination,
      driver: LOCAL_DRIVER,
      propagation: '',
      'read/write': String(writable),
    });
    return entry.volume;
  }

  unmountAll(containerId: string): void {
    for (const { volume, mountedBy } of this.#entries.values()) {
      if (!mountedBy.delete(containerId)) continue;
      this.#publish('unmount', volume.name, { container: containerId, driver: LOCAL_DRIVER });
    }
  }

  async release(containerId: string, remove: readonly string[]): Promise<void> {
    for (const { users, mountedBy } of this.#entries.values()) {
      users.delete(containerId);
      mountedBy.delete(containerId);
    }
    for (const name of remove) await this.#removeUnused(name);
  }

  async #findOrMake(wanted: NewVolume): Promise<Entry> {
    const anonymous = wanted.name === '';
    const name = anonymous ? randomBytes(32).toString('hex') : wanted.name;
    if (!anonymous) checkVolumeName(name);
    if (wanted.driver !== '' && wanted.driver !== LOCAL_DRIVER) {
      throw notFound(
        `create ${name}: error looking up volume plugin ${wanted.driver}: plugin "${wanted.driver}" not found`,
      );
    }
    const existing = this.#entries.get(name);
    if (existing !== undefined) return existing;
    const labels = anonymous ? { ...wanted.labels, [ANONYMOUS_LABEL]: '' } : wanted.labels;
    const entry = this.#remember(await this.#store.create(name, labels, wanted.durable ?? true));
    this.#publish('create', name, { driver: LOCAL_DRIVER });
    return entry;
  }

  /** False if there is none, or somebody uses it. */
  async #removeUnused(name: string): Promise<boolean> {
    const removed = await this.#exclusive(async () =>
      this.#entries.get(name)?.users.size === 0 ? this.#remove(name) : undefined,
    );
    await removed?.clear();
    return removed !== undefined;
  }

  async #remove(name: string): Promise<{ clear(): Promise<void> }> {
    const { users } = this.#entry(name);
    if (users.size > 0) throw conflict(`remove ${name}: volume is in use - [${[...users].join(', ')}]`);
    const removed = await this.#store.remove(name);
    this.#entries.delete(name);
    this.#publish('destroy', name, { driver: LOCAL_DRIVER });
    return removed;
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw notFound(`get ${name}: no such volume`);
    return entry;
  }

  #remember(volume: Volume): Entry {
    const entry = {
      volume,
      users: new Set<string>(),
      mountedBy: new Set<string>(),
      filling: Promise.resolve(),
    };
    this.#entries.set(volume.name, entry);
    return entry;
  }

  #publish(action: string, name: string, attributes: Record<string, string>): void {
    this.#events.publish('volume', action, name, attributes);
  }

  async #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => undefined); // The caller sees the failure.
    return await result;
  }
}
