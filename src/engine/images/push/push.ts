import { createReadStream } from 'node:fs';
import { EngineError } from '../../errors.ts';
import type { EventBus } from '../../events.ts';
import { fetchBlobs } from '../blobs/fetch-blobs.ts';
import type { BlobsRequest } from '../blobs/fetch-blobs.ts';
import { pathsByLayer } from '../blobs/sources.ts';
import type { ImageStore, StoredImage } from '../image-store.ts';
import type { Platform } from '../platform.ts';
import { printable } from '../printable.ts';
import { shortId, throttledBytes } from '../progress.ts';
import type { ProgressSink } from '../progress.ts';
import { familiarName, familiarReference, parseReference, repositoryOf } from '../reference.ts';
import type { Reference } from '../reference.ts';
import { readBody } from '../registry/body.ts';
import type { Credentials } from '../registry/credentials.ts';
import { registryEndpoint } from '../registry/endpoints.ts';
import type { RegistrySettings } from '../registry/endpoints.ts';
import { RegistryAnswer } from '../registry/errors.ts';
import { withRetry } from '../registry/retry.ts';
import type { RetryPolicy } from '../registry/retry.ts';
import { RegistrySession } from '../registry/session.ts';
import type { Transport } from '../registry/transport.ts';
import { BlobUploader } from '../registry/upload.ts';
import { requirePlatform } from '../require-platform.ts';
import { inParallel } from './in-parallel.ts';
import { manifestToPush } from './pushed-manifest.ts';
import type { PushedLayer, PushedManifest } from './pushed-manifest.ts';

export interface PushContext {
  readonly store: ImageStore;
  readonly transport: Transport;
  readonly settings: RegistrySettings;
  readonly retry: RetryPolicy;
  readonly events: EventBus;
}

export interface PushRequest {
  /** With a tag; without one, all tags of the repository. */
  readonly reference: Reference;
  readonly platform: Platform | undefined;
  readonly credentials: Credentials;
}

/** Docker's `max-concurrent-uploads`. */
const CONCURRENCY = 5;
/** Repositories that a blob is tried to be mounted from. */
const MAX_SOURCES = 3;
const MAX_ANSWER = 64 * 1024;
/** Characters: as many as an image may lack layers, each with its digest. */
const MAX_MESSAGE = 64 * 1024;
const SLOW_ANSWER_MS = 5 * 60_000;

/** One repository that is pushed to. */
interface Target {
  readonly context: PushContext;
  readonly session: RegistrySession;
  readonly uploader: BlobUploader;
  readonly sink: ProgressSink;
  readonly signal: AbortSignal;
  readonly credentials: BlobsRequest['credentials'];
}

/** The image that is being pushed there. */
interface ImageTarget extends Target {
  readonly image: StoredImage;
  /** Where its layers may be mounted from, by diffID. */
  readonly paths: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Pushes an image under one tag, or under all that it has in the repository, and tells what `docker push` tells.
 *
 * @throws EngineError in the words of Docker, or the signal's reason
 */
export async function pushImages(
  context: PushContext,
  request: PushRequest,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const { reference, credentials, platform } = request;
  const { transport, settings, retry, store } = context;
  sink({ status: `The push refers to repository [${repositoryOf(reference)}]` });
  const tags = tagsToPush(store, reference);
  const session = new RegistrySession({
    transport,
    endpoint: registryEndpoint(reference.domain, settings),
    settings,
    credentials,
    repository: reference.path,
    actions: 'pull,push',
  });
  const uploader = new BlobUploader(session, retry);
  const target = {
    context,
    session,
    uploader,
    sink,
    signal,
    credentials: { domain: reference.domain, of: credentials },
  };
  try {
    for (const tag of tags) {
      const image = store.get(store.idOf(tag) ?? '');
      requirePlatform(image.id, image.config, platform);
      await pushTag(target, parseReference(tag), image);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw pushFailure(error);
  }
}

/** Canonical references. @throws EngineError in the words of Docker */
function tagsToPush(store: ImageStore, reference: Reference): string[] {
  const repository = repositoryOf(reference);
  const known = store.references().filter((name) => repositoryOf(parseReference(name)) === repository);
  if (known.length === 0) {
    throw new EngineError(
      'notFound',
      `An image does not exist locally with the tag: ${familiarName(reference)}`,
    );
  }
  const tags = known.filter((name) => !name.includes('@'));
  if (reference.tag === undefined) {
    if (tags.length > 0) return tags;
    throw new EngineError('notFound', `no tags to push for ${familiarName(reference)}`);
  }
  const name = `${repository}:${reference.tag}`;
  if (!tags.includes(name)) {
    throw new EngineError('notFound', `tag does not exist: ${familiarReference(reference)}`);
  }
  return [name];
}

async function pushTag(target: Target, reference: Reference, image: StoredImage): Promise<void> {
  const { context, sink } = target;
  const { store, events } = context;
  const { tag = '' } = reference;
  const unpin = store.pin(image.record.layers);
  try {
    const topFirst = [...new Set(image.record.layers.toReversed())];
    for (const diffId of topFirst) sink({ status: 'Preparing', progressDetail: {}, id: shortId(diffId) });
    const config = store.content.readDocument(image.id);
    // Before anything is done at once: it finds out how the registry wants to be spoken to.
    const hasConfig = await target.uploader.has(image.id, target.signal);
    const manifest = await manifestToPush(store, image, (digest) =>
      target.uploader.has(digest, target.signal),
    );
    const paths = pathsByLayer(store, reference);
    await pushLayers({ ...target, image, paths }, manifest.layers.toReversed());
    if (!hasConfig) {
      const read = async function* (offset: number, end: number): AsyncGenerator<Buffer> {
        yield config.subarray(offset, end);
      };
      const blob = { digest: image.id, size: config.length, read };
      await target.uploader.bring(blob, [], () => undefined, target.signal);
    }
    await putManifest(target, manifest, tag);
    await store.addDigest(image.id, manifest, `${repositoryOf(reference)}@${manifest.digest}`);
    const { digest, bytes } = manifest;
    sink({ status: `${tag}: digest: ${digest} size: ${bytes.length}` });
    sink({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: bytes.length } });
    events.publish('image', 'push', familiarReference(reference), { name: familiarName(reference) });
  } finally {
    unpin();
    if (!store.has(image.id)) await store.collect();
  }
}

async function pushLayers(target: ImageTarget, layers: readonly PushedLayer[]): Promise<void> {
  const distinct = [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
  for (const { diffId } of distinct.slice(CONCURRENCY)) {
    target.sink({ status: 'Waiting', progressDetail: {}, id: shortId(diffId) });
  }
  await inParallel(distinct, CONCURRENCY, target.signal, async (layer, signal) => {
    const status = await pushLayer({ ...target, signal }, layer);
    target.sink({ status, progressDetail: {}, id: shortId(layer.diffId) });
  });
}

/** @returns what became of it, as Docker says it */
async function pushLayer(target: ImageTarget, layer: PushedLayer): Promise<string> {
  const { context, uploader, signal, sink } = target;
  const { digest, size, diffId } = layer;
  if (await uploader.has(digest, signal)) return 'Layer already exists';
  const path = context.store.content.blobFile(digest);
  const read = async function* (offset: number, end: number): AsyncGenerator<Buffer> {
    await haveBlob(target, layer, path);
    yield* createReadStream(path, { start: offset, end: end - 1 }) as AsyncIterable<Buffer>;
  };
  const pushing = throttledBytes(sink, 'Pushing', shortId(diffId));
  const sources = [...(target.paths.get(diffId) ?? [])].slice(0, MAX_SOURCES);
  const source = await uploader.bring(
    { digest, size, read },
    sources,
    (current) => pushing(current, size),
    signal,
  );
  return source === undefined ? 'Pushed' : `Mounted from ${source}`;
}

/** Has the layer's blob here, which a registry may not need: it may mount its own. */
async function haveBlob(
  target: ImageTarget,
  { digest, size, diffId }: PushedLayer,
  path: string,
): Promise<void> {
  const { context, image, credentials, sink, signal } = target;
  const { store } = context;
  if (store.layer(diffId)?.blobGone === true) {
    const request = { image, purpose: 'pushed', credentials };
    await fetchBlobs(context, request, [diffId], sink, signal);
  }
  if ((await store.content.sizeOf(path)) === size) return;
  throw new EngineError(
    'system',
    `the blob ${digest} of layer ${diffId} is not on this machine: pull or load the image again`,
  );
}

async function putManifest(target: Target, manifest: PushedManifest, tag: string): Promise<void> {
  const { session, signal, context } = target;
  await withRetry(context.retry, signal, async () => {
    const { response } = await session.request(
      {
        method: 'PUT',
        target: `manifests/${tag}`,
        headers: { 'content-type': manifest.mediaType, 'content-length': String(manifest.bytes.length) },
        body: manifest.bytes,
        idleMs: SLOW_ANSWER_MS,
        expects: [200, 201, 202],
      },
      signal,
    );
    await readBody(response, MAX_ANSWER);
  });
}

/** A failed push in the words that Docker's users know. */
function pushFailure(error: unknown): EngineError {
  // Much of it was said by the registry.
  const message = printable(error instanceof Error ? error.message : String(error), MAX_MESSAGE);
  if (error instanceof EngineError)
    return message === error.message ? error : new EngineError(error.kind, message, error);
  const limited = error instanceof RegistryAnswer && error.status === 429;
  const told = limited && !message.startsWith('toomanyrequests') ? `toomanyrequests: ${message}` : message;
  return new EngineError('system', told, error);
}
