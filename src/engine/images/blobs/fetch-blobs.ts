import { createHash, randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../errors.ts';
import type { ImageStore } from '../image-store.ts';
import { layerError } from '../layer/convert.ts';
import { StorageError } from '../layer/disk-guard.ts';
import { shortId, throttledBytes } from '../progress.ts';
import type { ProgressSink } from '../progress.ts';
import { parseReference } from '../reference.ts';
import { RegistryClient } from '../registry/client.ts';
import type { Credentials } from '../registry/credentials.ts';
import { endpointsOf } from '../registry/endpoints.ts';
import type { RegistrySettings } from '../registry/endpoints.ts';
import type { RetryPolicy } from '../registry/retry.ts';
import { RegistrySession } from '../registry/session.ts';
import type { Transport } from '../registry/transport.ts';
import { sourcesOf } from './sources.ts';

export interface BlobsContext {
  readonly store: ImageStore;
  readonly transport: Transport;
  readonly settings: RegistrySettings;
  readonly retry: RetryPolicy;
}

/** Whom the blobs are fetched for. */
export interface BlobsRequest {
  readonly imageId: string;
  /** `pushed`, `saved`. */
  readonly purpose: string;
  /** Of one registry only; the others are asked without. */
  readonly credentials?: { readonly domain: string; readonly of: Credentials } | undefined;
}

/** Repositories that are asked for a blob. */
const MAX_SOURCES = 3;

/** Those of an image's layers whose blobs were given up, each once. */
export const layersWithoutBlobs = (store: ImageStore, imageId: string): string[] =>
  [...new Set(store.get(imageId).record.layers)].filter((diffId) => store.layer(diffId)?.blobGone === true);

/**
 * Brings back blobs that were given up, from where their images came from, by digest. The caller has the layers pinned.
 *
 * @throws EngineError system that names the image, what it lacks, and where that was looked for; or the signal's reason
 */
export async function fetchBlobs(
  context: BlobsContext,
  request: BlobsRequest,
  diffIds: readonly string[],
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  for (const diffId of diffIds) await fetchBlob(context, request, diffId, sink, signal);
}

async function fetchBlob(
  context: BlobsContext,
  request: BlobsRequest,
  diffId: string,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const { store, settings } = context;
  const sources = sourcesOf(store, diffId).slice(0, MAX_SOURCES);
  let last: unknown;
  for (const source of sources) {
    const { domain, path } = parseReference(source);
    for (const endpoint of endpointsOf(domain, settings)) {
      const credentials = request.credentials?.domain === domain ? request.credentials.of : {};
      const session = new RegistrySession({ ...context, endpoint, credentials, repository: path });
      try {
        await restore(store, new RegistryClient(session, context.retry), diffId, sink, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof StorageError) throw error;
        last = error;
      }
    }
  }
  throw missing(store, request, { sources, cause: last });
}

async function restore(
  store: ImageStore,
  client: RegistryClient,
  diffId: string,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const layer = store.layer(diffId);
  if (layer === undefined) throw new EngineError('system', `layer ${diffId} is gone`);
  if (layer.blobGone !== true) return;
  const expected = { digest: layer.blob, size: layer.blobSize, mediaType: '' };
  const show = throttledBytes(sink, 'Downloading', shortId(diffId));
  const path = join(store.content.ingest, `${randomUUID()}.blob`);
  const file = await open(path, 'wx', 0o600);
  try {
    try {
      const hash = createHash('sha256');
      for await (const chunk of client.blob(expected, signal, (at) => show(at, expected.size))) {
        hash.update(chunk);
        // Not write(): on a disk that is nearly full it writes a part, and doesn't call that a failure.
        await file.appendFile(chunk);
      }
      const digest = `sha256:${hash.digest('hex')}`;
      if (digest !== expected.digest) {
        throw new EngineError('system', `verification failed for digest ${expected.digest}: it is ${digest}`);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await store.restoreBlob(diffId, path);
  } catch (error) {
    throw layerError(error);
  } finally {
    await rm(path, { force: true });
  }
}

function missing(
  store: ImageStore,
  { imageId, purpose }: BlobsRequest,
  found: { readonly sources: readonly string[]; readonly cause: unknown },
): EngineError {
  const blobs = layersWithoutBlobs(store, imageId).map((diffId) => store.layer(diffId)?.blob ?? diffId);
  const { sources, cause } = found;
  const reason =
    sources.length === 0
      ? 'no registry is known that has them'
      : `${sources.join(' and ')} did not give them again: ${cause instanceof Error ? cause.message : String(cause)}`;
  const message = `image ${imageId} can't be ${purpose}: its compressed layers ${blobs.join(', ')} are no longer kept on this machine ("image prune --blobs" gives them up), and ${reason}`;
  return new EngineError('system', message, cause);
}
