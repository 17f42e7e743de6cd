import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventBus } from '../events.ts';
import { directorySource } from './archive/archive-source.ts';
import { importImages } from './archive/import.ts';
import type { ImportedImage } from './archive/import.ts';
import { saveImages } from './archive/save/save-images.ts';
import { imagesToSave } from './archive/save/saved-image.ts';
import { spoolArchive } from './archive/spool.ts';
import { repositoriesByBlob, sourcesOf } from './blobs/sources.ts';
import { fetchArchive, shownUrl } from './fetch-archive.ts';
import { importImage } from './import-image.ts';
import type { ImportRequest } from './import-image.ts';
import type { ImageStore, StoredImage } from './image-store.ts';
import type { LayerPool } from './layer/layer-pool.ts';
import { nativePlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import type { ProgressSink } from './progress.ts';
import { pushImages } from './push/push.ts';
import type { PushRequest } from './push/push.ts';
import { pullFailure, pullImage } from './pull.ts';
import type { PullRequest } from './pull.ts';
import { canonicalReference, familiarReference, parseReference } from './reference.ts';
import type { Reference } from './reference.ts';
import type { Credentials } from './registry/credentials.ts';
import type { RegistrySettings } from './registry/endpoints.ts';
import { RegistryUnreachable } from './registry/errors.ts';
import { EndpointsError } from './registry/first-endpoint.ts';
import type { RetryPolicy } from './registry/retry.ts';
import type { Transport } from './registry/transport.ts';
import { removeImage } from './remove.ts';
import type { Removal } from './remove.ts';
import type { StoreResolver } from './resolver.ts';

export interface ImageServiceOptions {
  readonly store: ImageStore;
  readonly resolver: StoreResolver;
  readonly transport: Transport;
  readonly pool: LayerPool;
  readonly settings: RegistrySettings;
  readonly retry: RetryPolicy;
  readonly events: EventBus;
  readonly bundledDir: string;
  readonly isRunning: (containerId: string) => boolean;
}

/** The one name that the bundled image may stand in for. */
const BUNDLED_REFERENCE = 'docker.io/library/hello-world:latest';

export interface PullOptions {
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly credentials: Credentials;
  /** The user insists on the registry (`--pull always`): nothing stands in for it. */
  readonly registryOnly: boolean;
}

/** What the /images routes do. */
export class ImageService {
  readonly store: ImageStore;
  readonly #options: ImageServiceOptions;

  constructor(options: ImageServiceOptions) {
    this.#options = options;
    this.store = options.store;
  }

  usersOf(id: string): readonly string[] {
    return this.#options.resolver.usersOf(id);
  }

  /** @throws EngineError in the words of Docker */
  async pull(options: PullOptions, sink: ProgressSink, signal: AbortSignal): Promise<void> {
    const { reference, platform = nativePlatform(), credentials } = options;
    const request: PullRequest = { reference, platform, credentials };
    try {
      await pullImage(this.#options, request, sink, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const outOfReach =
        error instanceof EndpointsError && error.cause instanceof RegistryUnreachable && !error.answered;
      if (!outOfReach || options.registryOnly || canonicalReference(reference) !== BUNDLED_REFERENCE) {
        const loggedIn = Object.values(credentials).some((value) => value !== undefined);
        throw pullFailure(error, reference, loggedIn);
      }
      await this.#loadBundled(pullFailure(error, reference), platform, sink, signal);
    }
  }

  /** @throws EngineError in the words of Docker */
  async push(request: PushRequest, sink: ProgressSink, signal: AbortSignal): Promise<void> {
    await pushImages(this.#options, request, sink, signal);
  }

  /** hello-world without a network: an OCI layout of the system disk. RepoDigests stays empty. */
  async #loadBundled(
    failure: Error,
    platform: Platform,
    sink: ProgressSink,
    signal: AbortSignal,
  ): Promise<void> {
    const source = directorySource(this.#options.bundledDir);
    if (!(await source.has('index.json'))) throw failure;
    const { store, pool, events } = this.#options;
    await importImages({ store, pool, platform }, source, () => undefined, signal, [BUNDLED_REFERENCE]);
    const shown = familiarReference(parseReference(BUNDLED_REFERENCE));
    sink({ status: `The registry is out of reach: ${failure.message}` });
    sink({ status: `Status: Loaded bundled image for ${shown}` });
    events.publish('image', 'load', shown, { name: shown });
  }

  /** Takes in an archive as `docker save`, skopeo or buildx write it. */
  async load(
    body: AsyncIterable<Buffer>,
    platform: Platform | undefined,
    sink: ProgressSink,
    signal: AbortSignal,
  ): Promise<ImportedImage[]> {
    const { store, pool, events } = this.#options;
    const directory = join(store.content.ingest, `load-${randomUUID()}`);
    await mkdir(directory, { mode: 0o700 });
    try {
      const source = await spoolArchive(body, directory);
      const context = { store, pool, platform: platform ?? nativePlatform(), required: platform };
      const images = await importImages(context, source, sink, signal);
      for (const { id } of images) events.publish('image', 'load', id, { name: id });
      return images;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /**
   * Makes an image of a root filesystem's tar, or of what is at a URL.
   *
   * @returns the image's id
   * @throws EngineError
   */
  async import(
    source: AsyncIterable<Buffer> | string,
    options: Omit<ImportRequest, 'tar'>,
    sink: ProgressSink,
    signal: AbortSignal,
  ): Promise<string> {
    if (typeof source !== 'string')
      return await importImage(this.#options, { ...options, tar: source }, signal);
    const { url, body } = await fetchArchive(this.#options.transport, source, signal);
    try {
      sink({ status: `Downloading from ${shownUrl(url)}` });
      return await importImage(this.#options, { ...options, tar: body as AsyncIterable<Buffer> }, signal);
    } finally {
      body.destroy();
    }
  }

  /**
   * The archive of `docker save`, in pieces. @throws EngineError before the first piece; system for damage found later
   */
  async *save(
    names: readonly string[],
    platform: Platform | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    const images = imagesToSave(this.store, names, platform);
    yield* saveImages(this.#options, images, signal);
    for (const { image } of images)
      this.#options.events.publish('image', 'save', image.id, { name: image.id });
  }

  async tag(source: string, target: Reference): Promise<void> {
    const { id } = this.store.find(source);
    await this.store.addReference(canonicalReference(target), id);
    this.#options.events.publish('image', 'tag', id, { name: familiarReference(target) });
  }

  async remove(text: string, force: boolean): Promise<Removal[]> {
    const { store, resolver, events, isRunning } = this.#options;
    return await removeImage(
      { store, events, isRunning, usersOf: (id) => resolver.usersOf(id) },
      text,
      force,
    );
  }

  /**
   * Removes images without a tag (`dangling`) or all that no container uses; with `blobs`, the compressed form of the
   * layers of those that stay, too, as far as a registry is known that has it.
   */
  async prune(
    { dangling, blobs }: { readonly dangling: boolean; readonly blobs: boolean },
    chosen: (image: StoredImage) => boolean,
  ): Promise<{ removed: Removal[]; bytes: number }> {
    const before = this.#bytes();
    const removed: Removal[] = [];
    for (const id of this.store.ids()) {
      const tagged = this.store.referencesOf(id).some((reference) => !reference.includes('@'));
      if ((dangling && tagged) || this.usersOf(id).length > 0 || !chosen(this.store.get(id))) continue;
      removed.push(...(await this.remove(id, true)));
    }
    await this.store.collect();
    const bytes = Math.max(0, before - this.#bytes()) + this.store.content.partials.clear();
    if (!blobs) return { removed, bytes };
    const known = repositoriesByBlob(this.store);
    const freed = await this.store.giveUpBlobs((diffId) => sourcesOf(this.store, diffId, known));
    return { removed, bytes: bytes + freed };
  }

  #bytes(): number {
    const layers = new Set(this.store.ids().flatMap((id) => this.store.record(id)?.layers ?? []));
    return [...layers].reduce((sum, diffId) => sum + (this.store.layer(diffId)?.size ?? 0), 0);
  }
}
