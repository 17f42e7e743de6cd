import { EngineError } from '../errors.ts';
import type { ImageStore } from './image-store.ts';
import { LayerAbandoned, fateOfPart } from './layer/failed-download.ts';
import type { LayerOpener, LayerPool } from './layer/layer-pool.ts';
import { checkStrictly, parseImageConfig } from './manifest.ts';
import type { ImageConfig } from './manifest.ts';
import { shortId, throttledBytes } from './progress.ts';
import type { ProgressSink } from './progress.ts';

export interface WantedLayer {
  readonly diffId: string;
  /** What its lines are headed by: the blob's digest. */
  readonly digest: string;
  /** Bytes as stored. */
  readonly size: number;
  readonly open: LayerOpener;
}

/** Pairs an image's layers, as its manifest lists them, with the diffIDs of its config. */
export function diffIdsOf(config: ImageConfig, layers: number): readonly string[] {
  const diffIds = config.rootfs.diff_ids ?? [];
  if (diffIds.length !== layers) {
    throw new EngineError(
      'system',
      `invalid image: ${layers} layers in its manifest, ${diffIds.length} in its config`,
    );
  }
  return diffIds;
}

export function readConfig(bytes: Buffer): ImageConfig {
  const config = parseImageConfig(bytes);
  checkStrictly(bytes, 'image config');
  if (config.os !== 'linux' && config.os !== '') {
    throw new EngineError('system', `image operating system "${config.os}" cannot be used on this platform`);
  }
  return config;
}

/**
 * Brings all layers of an image into the store and tells of each as Docker does: `Pulling fs layer`, `Downloading`,
 * `Verifying Checksum`, `Download complete`, `Extracting`, `Pull complete`, or `Already exists`. The last two come in
 * the order of the layers, whichever is done first. After a failure nothing is left running.
 */
export async function fetchLayers(
  context: { readonly store: ImageStore; readonly pool: LayerPool },
  layers: readonly WantedLayer[],
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const missing = new Set<string>();
  for (const layer of layers) {
    const there = context.store.layer(layer.diffId) !== undefined;
    if (!there && !missing.has(layer.diffId)) missing.add(layer.diffId);
    sink({
      status: there ? 'Already exists' : 'Pulling fs layer',
      progressDetail: {},
      id: shortId(layer.digest),
    });
  }
  // The largest first: begun last, it would go on by itself when all others are done.
  const jobs = new Map<WantedLayer, Promise<void>>();
  for (const layer of layers.toSorted((one, other) => other.size - one.size)) {
    if (missing.has(layer.diffId)) jobs.set(layer, fetchLayer(context.pool, layer, sink, either));
  }
  const work = layers.map((layer) => jobs.get(layer) ?? Promise.resolve());
  const failures: unknown[] = [];
  for (const job of work) {
    job.catch((error: unknown) => {
      failures.push(error);
      failed.abort(fateOfPart(error) === 'kept' ? error : new LayerAbandoned(error));
    });
  }
  try {
    for (const [index, job] of work.entries()) {
      await job;
      const layer = layers[index];
      if (layer === undefined || !missing.has(layer.diffId)) continue;
      sink({ status: 'Pull complete', progressDetail: {}, id: shortId(layer.digest) });
    }
  } catch (error) {
    await Promise.allSettled(work);
    throw failures.length > 0 ? failures[0] : error;
  }
}

async function fetchLayer(
  pool: LayerPool,
  layer: WantedLayer,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const id = shortId(layer.digest);
  const downloading = throttledBytes(sink, 'Downloading', id);
  await pool.ensure(
    layer.diffId,
    layer.open,
    (event) => {
      if (event.kind === 'downloading') downloading(event.current, event.total);
      else if (event.kind === 'verifying') sink({ status: 'Verifying Checksum', progressDetail: {}, id });
      else {
        sink({ status: 'Download complete', progressDetail: {}, id });
        throttledBytes(sink, 'Extracting', id)(layer.size, layer.size);
      }
    },
    signal,
  );
}
