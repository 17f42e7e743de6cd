import { rm } from 'node:fs/promises';
import type { EventBus } from '../events.ts';
import type { ImageStore } from './image-store.ts';
import type { LayerPool } from './layer/layer-pool.ts';
import { keepLayer, spoolLayer } from './layer/new-layer.ts';
import { parseImageConfig } from './manifest.ts';
import type { ImageConfig } from './manifest.ts';
import { digestOf } from './registry/client.ts';
import { canonicalReference, familiarReference } from './reference.ts';
import type { Reference } from './reference.ts';

export interface MakeContext {
  readonly store: ImageStore;
  readonly pool: LayerPool;
  readonly events: EventBus;
}

export interface NewLayer {
  readonly tar: AsyncIterable<Buffer>;
  /** Called once the tar has been read to its end: whatever it is of may change again. */
  readonly onRead?: (() => Promise<void>) | undefined;
}

export interface MakeRequest {
  readonly layer: NewLayer;
  /** The image that the layer lies upon; its layers are there. */
  readonly parent?: string | undefined;
  /** The image's config, from the diffID of the layer; undefined: it was an empty tar, and makes no layer. */
  readonly configOf: (diffId: string | undefined, parent: ImageConfig | undefined) => object;
  /** With a tag. */
  readonly name: Reference | undefined;
}

/** A tar of nothing but its end mark, as Docker knows it (moby layer, DigestSHA256EmptyTar). */
const EMPTY_TAR = 1024;

/**
 * Makes an image of a layer and a config. Nothing of it stays when it fails.
 *
 * @returns the image's id
 * @throws EngineError
 */
export async function makeImage(
  context: MakeContext,
  request: MakeRequest,
  signal: AbortSignal,
): Promise<string> {
  const { store } = context;
  const parent = request.parent === undefined ? undefined : store.get(request.parent);
  const below = parent?.record.layers ?? [];
  const unpinBelow = store.pin(below);
  try {
    const spooled = await spoolLayer(request.layer.tar, store.content.ingest, signal);
    try {
      await request.layer.onRead?.();
      const empty = spooled.size === EMPTY_TAR && request.parent !== undefined;
      const layers = empty ? [...below] : [...below, spooled.diffId];
      const unpin = store.pin(layers);
      try {
        const config = request.configOf(empty ? undefined : spooled.diffId, parent?.config);
        const configBytes = Buffer.from(JSON.stringify(config));
        parseImageConfig(configBytes); // What can't be read again must not be kept: too many layers, say.
        if (!empty) await keepLayer(context, spooled, signal);
        return await addImage(context, request, layers, configBytes);
      } catch (error) {
        unpin();
        // Where even that fails, the next removal collects it.
        await store.collect().catch(() => undefined);
        throw error;
      } finally {
        unpin();
      }
    } finally {
      await rm(spooled.file, { force: true });
    }
  } finally {
    unpinBelow();
  }
}

async function addImage(
  { store, events }: MakeContext,
  { name, parent }: MakeRequest,
  layers: readonly string[],
  configBytes: Buffer,
): Promise<string> {
  const id = digestOf(configBytes);
  const references = name === undefined ? [] : [canonicalReference(name)];
  await store.addImage({ id, configBytes, layers, manifests: [], references, parent });
  if (name !== undefined) events.publish('image', 'tag', id, { name: familiarReference(name) });
  return id;
}
