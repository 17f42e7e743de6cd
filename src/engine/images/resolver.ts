import { notFound } from '../errors.ts';
import type { ImageResolver, ImageRunConfig, ResolvedImage } from './contract.ts';
import type { ImageStore } from './image-store.ts';

/** Finds what a container is to be made of, and remembers who uses it. */
export class StoreResolver implements ImageResolver {
  readonly #store: ImageStore;
  readonly #users = new Map<string, Set<string>>();

  constructor(store: ImageStore) {
    this.#store = store;
  }

  resolve(reference: string): ResolvedImage {
    const { id, record, config } = this.#store.find(reference);
    const missing = record.layers.find((diffId) => this.#store.layer(diffId) === undefined);
    if (missing !== undefined) {
      // A crash of the machine tore it; the words make clients pull, which repairs it.
      throw notFound(`No such image: ${reference} (its layer ${missing} was damaged: pull it again)`);
    }
    return {
      id,
      architecture: config.architecture,
      os: config.os,
      config: runConfigOf(config.config ?? {}),
      layers: record.layers.map((diffId) => ({ diffId, file: this.#store.content.layerFile(diffId) })),
    };
  }

  acquire(imageId: string, containerId: string): void {
    const users = this.#users.get(imageId) ?? new Set();
    this.#users.set(imageId, users.add(containerId));
  }

  release(imageId: string, containerId: string): void {
    const users = this.#users.get(imageId);
    users?.delete(containerId);
    if (users?.size === 0) this.#users.delete(imageId);
  }

  sizeOf(imageId: string): number {
    if (!this.#store.ids().includes(imageId)) return 0;
    const { layers } = this.#store.get(imageId).record;
    return layers.reduce((sum, diffId) => sum + (this.#store.layer(diffId)?.size ?? 0), 0);
  }

  /** Ids of the containers that exist of an image. */
  usersOf(imageId: string): readonly string[] {
    return [...(this.#users.get(imageId) ?? [])];
  }
}

/** `null` and absent mean the same in a config, except that they are kept apart for Entrypoint and Cmd. */
function runConfigOf(config: Readonly<Record<string, unknown>>): ImageRunConfig {
  const entries = Object.entries(config).filter(
    ([key, value]) => value !== null || key === 'Entrypoint' || key === 'Cmd',
  );
  return Object.fromEntries(entries);
}
