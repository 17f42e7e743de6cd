import { EngineError } from '../../errors.ts';
import type { ImageStore, StoredImage } from '../image-store.ts';
import { StorageError } from '../layer/disk-guard.ts';
import type { Descriptor } from '../manifest.ts';
import { printable } from '../printable.ts';
import { shortId, throttledBytes } from '../progress.ts';
import type { ProgressSink } from '../progress.ts';
import { parseReference } from '../reference.ts';
import type { RegistryClient } from '../registry/client.ts';
import type { Credentials } from '../registry/credentials.ts';
import { EndpointsError, atFirstEndpoint } from '../registry/first-endpoint.ts';
import type { RegistryContext } from '../registry/first-endpoint.ts';
import { restoreBlob } from './restore-blob.ts';
import { repositoriesByBlob, sourcesOf } from './sources.ts';

export interface BlobsContext extends RegistryContext {
  readonly store: ImageStore;
}

/** Whom the blobs are fetched for. */
export interface BlobsRequest {
  /** Its name may go meanwhile, and it with that. */
  readonly image: Pick<StoredImage, 'id' | 'record'>;
  /** `pushed`, `saved`. */
  readonly purpose: string;
  /** Of one registry only; the others are asked without. */
  readonly credentials?: { readonly domain: string; readonly of: Credentials } | undefined;
}

/** Repositories that are asked for a blob. */
const MAX_SOURCES = 3;

/** Those of an image's layers whose blobs were given up, each once. */
export const layersWithoutBlobs = (store: ImageStore, { record }: BlobsRequest['image']): string[] =>
  [...new Set(record.layers)].filter((diffId) => store.layer(diffId)?.blobGone === true);

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
  if (diffIds.length === 0) return;
  const known = repositoriesByBlob(context.store, new Set(diffIds));
  const wanted = diffIds.map((diffId) => {
    const sources = sourcesOf(context.store, diffId, known).slice(0, MAX_SOURCES);
    return { diffId, sources };
  });
  // Those of the same sources in one go: who can't be reached is waited for once, and not for each layer.
  for (const group of Map.groupBy(wanted, ({ sources }) => sources.join(' ')).values()) {
    const sources = group[0]?.sources ?? [];
    await fetchFrom(context, request, { sources, diffIds: group.map(({ diffId }) => diffId) }, sink, signal);
  }
}

async function fetchFrom(
  context: BlobsContext,
  request: BlobsRequest,
  { sources, diffIds }: { readonly sources: readonly string[]; readonly diffIds: readonly string[] },
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const { store } = context;
  const restoreFrom = async (client: RegistryClient): Promise<void> => {
    for (const diffId of diffIds) {
      const show = throttledBytes(sink, 'Downloading', shortId(diffId));
      const bytesOf = (expected: Descriptor) =>
        client.blob(expected, signal, (at) => show(at, expected.size));
      // Does nothing for those that came before this source was asked.
      await restoreBlob(store, diffId, bytesOf);
    }
  };
  let last: unknown;
  for (const source of sources) {
    const { domain, path } = parseReference(source);
    const credentials = request.credentials?.domain === domain ? request.credentials.of : {};
    try {
      await atFirstEndpoint(context, { domain, path, credentials }, restoreFrom, signal);
      return;
    } catch (error) {
      if (!(error instanceof EndpointsError)) throw error;
      if (error.cause instanceof StorageError) throw error.cause;
      last = error.cause;
    }
  }
  throw missing(store, request, { sources, cause: last });
}

function missing(
  store: ImageStore,
  { image, purpose }: BlobsRequest,
  found: { readonly sources: readonly string[]; readonly cause: unknown },
): EngineError {
  const blobs = layersWithoutBlobs(store, image).map((diffId) => store.layer(diffId)?.blob ?? diffId);
  const { sources, cause } = found;
  const reason =
    sources.length === 0
      ? 'no registry is known that has them'
      : `${sources.join(' and ')} did not give them again: ${printable(cause instanceof Error ? cause.message : String(cause))}`;
  const message = `image ${image.id} can't be ${purpose}: its compressed layers ${blobs.join(', ')} are no longer kept on this machine ("image prune --blobs" gives them up), and ${reason}`;
  return new EngineError('system', message, cause);
}
