import { join } from 'node:path';
import { EngineError, notFound } from '../errors.ts';
import { ContentStore } from '../store/content.ts';
import { knownBlobs } from '../store/known-blobs.ts';
import { Metadata } from '../store/metadata.ts';
import { Pins } from '../store/pins.ts';
import type { ImageRecord, LayerRecord, StoreDocument } from '../store/metadata.ts';
import type { ConvertedLayer } from './layer/convert.ts';
import { parseImageConfig } from './manifest.ts';
import type { ImageConfig } from './manifest.ts';
import { lookUp } from './look-up.ts';
import { takeIn } from './layer/take-in.ts';
import { dropUnusedLayers, markBlobsGone, mendRecords } from './layer-records.ts';
import { familiarReference, tryParseReference, withDefaultTag } from './reference.ts';

export interface StoredImage {
  readonly id: string;
  readonly record: ImageRecord;
  readonly config: ImageConfig;
}

export interface NewImage {
  readonly id: string;
  readonly configBytes: Buffer;
  readonly layers: readonly string[];
  readonly manifests: readonly { readonly digest: string; readonly bytes: Buffer }[];
  /** Canonical references that shall name it from now on. */
  readonly references: readonly string[];
  /** The image that it was made of. */
  readonly parent?: string | undefined;
}

/** Images, their names and their layers: {@link ContentStore} for the bytes, {@link Metadata} for what exists. */
export class ImageStore {
  readonly content: ContentStore;
  readonly #metadata: Metadata;
  /** Layers that a pull or load under way counts on. */
  readonly #pins = new Pins();
  /** Images and layers that are being removed: nobody finds them any more, before their end is committed too. */
  readonly #leaving = new Set<string>();
  /** Files come and go together with their commit: a removal would take what somebody has just put there again. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(content: ContentStore, metadata: Metadata) {
    this.content = content;
    this.#metadata = metadata;
  }

  /** Opens the store and forgets layers whose files a crash has torn: a later pull brings them again. */
  static async open(directory: string): Promise<ImageStore> {
    const content = ContentStore.open(directory);
    const metadata = Metadata.open(join(directory, 'images.json'));
    const store = new ImageStore(content, metadata);
    await store.#verify();
    return store;
  }

  async #verify(): Promise<void> {
    const changed = mendRecords(this.content, this.#metadata.state.layers);
    if (changed.size > 0) {
      await this.#metadata.updateToRemove((draft) => {
        for (const [diffId, layer] of changed) {
          if (layer === undefined) delete draft.layers[diffId];
          else draft.layers[diffId] = layer;
        }
      });
    }
    this.#sweep();
  }

  #sweep(): void {
    const layers = Object.entries(this.#metadata.state.layers).filter(([, { torn }]) => torn !== true);
    this.content.sweep({
      blobs: knownBlobs(this.#metadata.state),
      layers: new Set(layers.map(([diffId]) => diffId)),
    });
  }

  layer(diffId: string): LayerRecord | undefined {
    const layer = this.#leaving.has(diffId) ? undefined : this.#metadata.state.layers[diffId];
    return layer?.torn === true ? undefined : layer;
  }

  /** The blob of a layer whose EROFS file a crash has torn: all that it takes to have the layer again. */
  spareBlob(diffId: string): { readonly digest: string; readonly size: number } | undefined {
    const layer = this.#leaving.has(diffId) ? undefined : this.#metadata.state.layers[diffId];
    return layer?.torn === true ? { digest: layer.blob, size: layer.blobSize } : undefined;
  }

  /** Gives up layers' blobs that are to be had elsewhere, save those that somebody is at. @returns the freed bytes */
  async giveUpBlobs(sourcesOf: (diffId: string) => readonly string[]): Promise<number> {
    return await this.#exclusively(async () => {
      const going = await this.#metadata.updateToRemove((draft) =>
        markBlobsGone(draft, (diffId) => (this.#pins.has(diffId) ? [] : sourcesOf(diffId))),
      );
      for (const { blob } of going) await this.content.removeBlob(blob);
      await this.#metadata.keepReserve();
      return going.reduce((sum, { blobSize }) => sum + blobSize, 0);
    });
  }

  /** Takes a layer's blob in again, from a file that is synced and has been found to have that digest. */
  async restoreBlob(diffId: string, { digest, path }: { digest: string; path: string }): Promise<void> {
    await this.#exclusively(async () => {
      const blob = this.#metadata.state.layers[diffId]?.blob;
      if (blob !== digest)
        throw new EngineError('system', `layer ${diffId} is not of blob ${digest} any more`);
      await this.content.putBlob(path, digest);
      await this.#metadata.update((draft) => {
        delete draft.layers[diffId]?.blobGone;
        delete draft.layers[diffId]?.sources;
      });
    });
  }

  /** Keeps layers from being collected until the returned function is called; more calls do nothing. */
  pin(diffIds: readonly string[]): () => void {
    return this.#pins.pin(diffIds);
  }

  /** Takes a converted layer in. From here on it survives a crash, image or not. */
  async addLayer(diffId: string, layer: ConvertedLayer): Promise<void> {
    await this.#exclusively(async () => takeIn(this.content, this.#metadata, diffId, layer));
  }

  /** Makes an image exist, under its names. Its layers are there already. */
  async addImage(image: NewImage): Promise<void> {
    await this.#exclusively(async () => this.#addImage(image));
  }

  async #addImage(image: NewImage): Promise<void> {
    await this.content.putDocument(image.id, image.configBytes);
    for (const manifest of image.manifests) await this.content.putDocument(manifest.digest, manifest.bytes);
    await this.#metadata.update((draft) => {
      const missing = image.layers.find(
        (diffId) => draft.layers[diffId]?.torn !== undefined || !(diffId in draft.layers),
      );
      if (missing !== undefined) throw new EngineError('system', `layer ${missing} is gone`);
      const before = draft.images[image.id]?.manifests ?? [];
      const manifests = [...new Set([...before, ...image.manifests.map(({ digest }) => digest)])];
      const parent = image.parent ?? draft.images[image.id]?.parent;
      draft.images[image.id] = {
        layers: [...image.layers],
        manifests,
        lastTagged: Date.now(),
        ...(parent === undefined ? {} : { parent }),
      };
      for (const reference of image.references) draft.references[reference] = image.id;
    });
  }

  async addReference(reference: string, id: string): Promise<void> {
    await this.#metadata.update((draft) => {
      const image = draft.images[id];
      if (image === undefined) throw notFound(`No such image: ${id}`);
      image.lastTagged = Date.now();
      draft.references[reference] = id;
    });
  }

  /** Notes by which manifest a registry knows an image now. One that was removed meanwhile stays gone. */
  async addDigest(
    id: string,
    manifest: { readonly digest: string; readonly bytes: Buffer },
    reference: string,
  ): Promise<void> {
    await this.#exclusively(async () => {
      if (!this.has(id)) return;
      await this.content.putDocument(manifest.digest, manifest.bytes);
      await this.#metadata.update((draft) => {
        const image = draft.images[id];
        if (image === undefined) return;
        if (!image.manifests.includes(manifest.digest)) image.manifests.push(manifest.digest);
        draft.references[reference] = id;
      });
    });
  }

  async removeReferences(references: readonly string[]): Promise<void> {
    await this.#metadata.updateToRemove((draft) => {
      for (const reference of references) delete draft.references[reference];
    });
  }

  /**
   * Removes an image that has no names left; from now on nobody finds it.
   *
   * @returns the diffIDs of the layers that went with it; undefined if it has got a name meanwhile, and stays
   */
  async removeImage(id: string): Promise<string[] | undefined> {
    this.#leaving.add(id);
    return await this.#exclusively(async () => {
      try {
        let named = false;
        const gone = await this.#collect((draft) => {
          named = Object.values(draft.references).includes(id);
          if (!named) delete draft.images[id];
        });
        return named ? undefined : gone;
      } finally {
        this.#leaving.delete(id);
      }
    });
  }

  /** Removes layers (all, or some of those named) and blobs that nothing refers to. @returns the layers' diffIDs */
  async collect(among?: ReadonlySet<string>): Promise<string[]> {
    return await this.#exclusively(async () => {
      const unused = await this.#collect(() => undefined, among);
      // What came before a commit that failed, as on a full disk: nobody ever knew of it.
      this.#sweep();
      return unused;
    });
  }

  async #collect(change: (draft: StoreDocument) => void, among?: ReadonlySet<string>): Promise<string[]> {
    const before = knownBlobs(this.#metadata.state);
    let unused: string[] = [];
    try {
      await this.#metadata.updateToRemove((draft) => {
        change(draft);
        const stays = (diffId: string) => this.#pins.has(diffId) || among?.has(diffId) === false;
        unused = dropUnusedLayers(draft, stays);
        for (const diffId of unused) this.#leaving.add(diffId);
      });
    } finally {
      for (const diffId of unused) this.#leaving.delete(diffId);
    }
    for (const diffId of unused) await this.content.removeLayer(diffId);
    const known = knownBlobs(this.#metadata.state);
    for (const digest of before) if (!known.has(digest)) await this.content.removeBlob(digest);
    await this.#metadata.keepReserve();
    return unused;
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined); // the caller sees the failure
    return await result;
  }

  ids(): string[] {
    return Object.keys(this.#metadata.state.images).filter((id) => !this.#leaving.has(id));
  }

  has(id: string): boolean {
    return this.record(id) !== undefined;
  }

  record(id: string): ImageRecord | undefined {
    return this.#leaving.has(id) ? undefined : this.#metadata.state.images[id];
  }

  /** True if the image and each of its layers are there. */
  complete(id: string): boolean {
    const image = this.record(id);
    return image !== undefined && image.layers.every((diffId) => this.layer(diffId) !== undefined);
  }

  idOf(reference: string): string | undefined {
    return this.#metadata.state.references[reference];
  }

  /** All canonical references, sorted. */
  references = (): string[] => Object.keys(this.#metadata.state.references).sort();

  /** Canonical references of an image, sorted. */
  referencesOf(id: string): string[] {
    const entries = Object.entries(this.#metadata.state.references);
    return entries
      .filter(([, target]) => target === id)
      .map(([reference]) => reference)
      .sort();
  }

  /** @throws EngineError notFound */
  get(id: string): StoredImage {
    const record = this.record(id);
    if (record === undefined) throw notFound(`No such image: ${id}`);
    return { id, record, config: parseImageConfig(this.content.readDocument(id)) };
  }

  /** By name[:tag], name@digest, id or unambiguous start of an id. @throws EngineError notFound, invalidParameter */
  find(text: string): StoredImage {
    const id = lookUp(this, text);
    if (id === undefined) {
      const reference = tryParseReference(text);
      throw notFound(
        `No such image: ${reference === undefined ? text : familiarReference(withDefaultTag(reference))}`,
      );
    }
    return this.get(id);
  }
}
