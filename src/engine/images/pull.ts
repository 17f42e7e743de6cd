import type { EventBus } from '../events.ts';
import { EngineError, notFound } from '../errors.ts';
import { restoreIfPossible } from './blobs/restore-blob.ts';
import type { ImageStore } from './image-store.ts';
import type { LayerPool } from './layer/layer-pool.ts';
import { diffIdsOf, fetchLayers, readConfig } from './layers.ts';
import { checkIsImage } from './manifest.ts';
import type { Descriptor } from './manifest.ts';
import type { WantedLayer } from './layers.ts';
import { formatPlatform, selectPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { printable } from './printable.ts';
import { shortId, throttledBytes } from './progress.ts';
import type { ProgressSink } from './progress.ts';
import { canonicalReference, familiarName, familiarReference, repositoryOf } from './reference.ts';
import type { Reference } from './reference.ts';
import type { FetchedManifest, RegistryClient } from './registry/client.ts';
import type { Credentials } from './registry/credentials.ts';
import type { RegistrySettings } from './registry/endpoints.ts';
import { RegistryAnswer } from './registry/errors.ts';
import { EndpointsError, atFirstEndpoint } from './registry/first-endpoint.ts';
import { describeRateLimit, describeSeconds } from './registry/rate-limit.ts';
import { isTransient } from './registry/retry.ts';
import type { RetryPolicy } from './registry/retry.ts';
import type { Transport } from './registry/transport.ts';

export interface PullContext {
  readonly store: ImageStore;
  readonly pool: LayerPool;
  readonly transport: Transport;
  readonly settings: RegistrySettings;
  readonly retry: RetryPolicy;
  readonly events: EventBus;
}

export interface PullRequest {
  /** With a tag or a digest. */
  readonly reference: Reference;
  readonly platform: Platform;
  readonly credentials: Credentials;
}

/**
 * Pulls an image, from the first endpoint that has it, and names it. A reference without a tag means all tags that the
 * repository has.
 *
 * @throws EndpointsError around the error of the last endpoint, or the signal's reason
 */
export async function pullImage(
  context: PullContext,
  request: PullRequest,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const { domain, path } = request.reference;
  const repository = { domain, path, credentials: request.credentials };
  if (request.reference.tag !== undefined || request.reference.digest !== undefined) {
    const pull = (client: RegistryClient) => pullFrom(client, context, request, sink, signal);
    await atFirstEndpoint(context, repository, pull, signal);
    return;
  }
  const list = async (client: RegistryClient) => await client.tags(signal);
  const tags = await atFirstEndpoint(context, repository, list, signal);
  let newer = false;
  // Each tag tells what it is, and the end, once, whether anything was new.
  const withoutStatus: ProgressSink = (line) => {
    if (line.status?.startsWith('Status: ') !== true) sink(line);
    else newer ||= line.status.startsWith('Status: Downloaded');
  };
  for (const tag of tags) {
    await pullImage(context, { ...request, reference: { ...request.reference, tag } }, withoutStatus, signal);
  }
  const shown = familiarName(request.reference);
  sink({
    status: newer
      ? `Status: Downloaded newer image for ${shown}`
      : `Status: Image is up to date for ${shown}`,
  });
}

async function pullFrom(
  client: RegistryClient,
  context: PullContext,
  request: PullRequest,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const { store, events } = context;
  const { reference, platform } = request;
  const top = await client.manifest(reference.digest ?? reference.tag ?? 'latest', signal);
  sink({
    status: `Pulling from ${familiarPath(reference)}`,
    id: reference.digest ?? reference.tag ?? 'latest',
  });
  const { rateLimit } = top;
  // While there is time to do something about it.
  if (rateLimit !== undefined && rateLimit.remaining * 10 <= rateLimit.limit)
    sink({ status: `${reference.domain}: ${describeRateLimit(rateLimit)}` });
  const image = await imageManifest(client, top, platform, signal);
  const { config, layers } = image.document;
  checkIsImage(image.document);
  const known = store.complete(config.digest);
  const manifests = [top, ...(image.manifest === top ? [] : [image.manifest])];
  const configBytes = known
    ? store.content.readDocument(config.digest)
    : await client.document(config, signal);
  const diffIds = diffIdsOf(readConfig(configBytes), layers.length);
  const byTag = reference.digest === undefined;
  const digestReference = `${repositoryOf(reference)}@${top.digest}`;
  const name = byTag ? canonicalReference(reference) : digestReference;
  const newer = store.idOf(name) !== config.digest || !known;
  const unpin = store.pin(diffIds);
  const before = new Set(diffIds.filter((diffId) => store.layer(diffId) !== undefined));
  try {
    if (!known) {
      const wanted = layers.map((descriptor, at): WantedLayer => ({
        diffId: diffIds[at] ?? '',
        digest: descriptor.digest,
        size: descriptor.size,
        open: (jobSignal, tell) => {
          const show = (current: number) => tell({ kind: 'downloading', current, total: descriptor.size });
          const bytesFrom = (offset: number) => client.blob(descriptor, jobSignal, show, offset);
          return { bytes: bytesFrom(0), bytesFrom, expected: descriptor, diffId: diffIds[at] ?? '' };
        },
      }));
      await fetchLayers(context, wanted, sink, signal);
    }
    const references = byTag ? [name, digestReference] : [digestReference];
    await store.addImage({ id: config.digest, configBytes, layers: diffIds, manifests, references });
    await keepBlobs(client, store, { layers, diffIds }, sink, signal);
  } catch (error) {
    unpin();
    // What may go well next time goes on with the layers that are there; what can't leaves nothing behind.
    const came = diffIds.filter((diffId) => !before.has(diffId) && store.layer(diffId) !== undefined);
    if (came.length > 0 && !signal.aborted && !mayPass(error)) await store.collect(new Set(came));
    throw error;
  } finally {
    unpin();
  }
  const shown = familiarReference(byTag ? reference : { ...reference, tag: undefined });
  sink({ status: `Digest: ${top.digest}` });
  sink({
    status: newer
      ? `Status: Downloaded newer image for ${shown}`
      : `Status: Image is up to date for ${shown}`,
  });
  events.publish('image', 'pull', shown, { name: familiarName(reference) });
}

/** Brings back blobs that were given up: this registry has them, and whoever is logged in may have no other chance. */
async function keepBlobs(
  client: RegistryClient,
  store: ImageStore,
  { layers, diffIds }: { readonly layers: readonly Descriptor[]; readonly diffIds: readonly string[] },
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  for (const [at, { digest }] of layers.entries()) {
    const diffId = diffIds[at] ?? '';
    const layer = store.layer(diffId);
    if (layer?.blobGone !== true || layer.blob !== digest) continue;
    const id = shortId(digest);
    const show = throttledBytes(sink, 'Downloading', id);
    const bytesOf = (expected: Descriptor) =>
      client.blob(expected, signal, (current) => show(current, expected.size));
    if (await restoreIfPossible(store, diffId, bytesOf, { sink, id }, signal))
      sink({ status: 'Download complete', progressDetail: {}, id });
  }
}

/** Whether the network or the registry's mood was to blame, and not what it sent. */
const mayPass = (error: unknown): boolean =>
  isTransient(error) || (error instanceof EngineError && isTransient(error.cause));

/** What `Pulling from` names: the path as it is in the registry, `library/busybox`. */
const familiarPath = (reference: Reference): string => reference.path;

async function imageManifest(
  client: RegistryClient,
  top: FetchedManifest,
  platform: Platform,
  signal: AbortSignal,
) {
  if (top.document.kind === 'manifest') return { manifest: top, document: top.document };
  const entry = selectPlatform(top.document.manifests, platform);
  if (entry === undefined) {
    throw notFound(`no matching manifest for ${formatPlatform(platform)} in the manifest list entries`);
  }
  const manifest = await client.manifest(entry.digest, signal);
  const { document, bytes } = manifest;
  const wrong = (message: string) =>
    new EngineError('system', `the manifest ${entry.digest} for ${formatPlatform(platform)} ${message}`);
  if (document.kind !== 'manifest') throw wrong('is itself an index');
  if (bytes.length !== entry.size) throw wrong(`has ${bytes.length} bytes, its index says ${entry.size}`);
  if (document.mediaType !== entry.mediaType)
    throw wrong(`is of type "${document.mediaType}", its index says "${entry.mediaType}"`);
  return { manifest, document };
}

/** A failed pull in the words that Docker's users know. */
export function pullFailure(error: unknown, reference: Reference, loggedIn = false): EngineError {
  const failure = pullFailureOf(error instanceof EndpointsError ? error.cause : error, reference, loggedIn);
  // Much of it was said by the registry.
  const message = printable(failure.message);
  return message === failure.message ? failure : new EngineError(failure.kind, message, failure);
}

function pullFailureOf(cause: unknown, reference: Reference, loggedIn: boolean): EngineError {
  if (cause instanceof EngineError) return cause;
  if (cause instanceof RegistryAnswer) {
    const { status, code } = cause;
    if (status === 429) return new EngineError('system', tooManyRequests(cause, reference, loggedIn), cause);
    if (
      status === 401 ||
      status === 403 ||
      code === 'NAME_UNKNOWN' ||
      code === 'DENIED' ||
      code === 'UNAUTHORIZED'
    ) {
      return notFound(
        `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'wherry login'`,
        cause,
      );
    }
    if (status === 404) {
      return notFound(
        `manifest for ${familiarReference(reference)} not found: ${cause.code === undefined ? 'manifest unknown' : cause.message}`,
        cause,
      );
    }
  }
  return new EngineError('system', cause instanceof Error ? cause.message : String(cause), cause);
}

function tooManyRequests(answer: RegistryAnswer, { domain }: Reference, loggedIn: boolean): string {
  const { message, rateLimit, retryAfterMs } = answer;
  const host = domain === 'docker.io' ? '' : ` ${domain}`;
  const again = retryAfterMs === undefined ? undefined : describeSeconds(retryAfterMs / 1000);
  return [
    message.startsWith('toomanyrequests') ? message : `toomanyrequests: ${message}`,
    rateLimit === undefined ? undefined : describeRateLimit(rateLimit),
    again === undefined ? 'try again later' : `try again in ${again}`,
    loggedIn ? undefined : `those who are logged in may pull more: wherry login${host}`,
  ]
    .filter((part) => part !== undefined)
    .join('; ');
}
