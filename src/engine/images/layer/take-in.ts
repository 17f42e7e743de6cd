import { rm } from 'node:fs/promises';
import type { ContentStore } from '../../store/content.ts';
import { knownBlobs } from '../../store/known-blobs.ts';
import type { Metadata } from '../../store/metadata.ts';
import { layerError } from './convert.ts';
import type { ConvertedLayer } from './convert.ts';

/**
 * Moves a converted layer's files into the store and commits them. Where that fails, as on a full disk, nothing of it
 * stays that nobody knows of.
 *
 * @throws StorageError; errors of system calls
 */
export async function takeIn(
  content: ContentStore,
  metadata: Metadata,
  diffId: string,
  layer: ConvertedLayer,
): Promise<void> {
  const { size, digest: blob, blobSize, compression } = layer;
  try {
    const erofsSize = await content.putLayer(layer, diffId);
    await metadata.update((draft) => {
      draft.layers[diffId] = { erofsSize, size, blob, blobSize, compression };
    });
  } catch (error) {
    for (const file of [layer.blobFile, layer.erofsFile]) await rm(file, { force: true });
    if (!Object.hasOwn(metadata.state.layers, diffId)) await content.removeLayer(diffId);
    if (!knownBlobs(metadata.state).has(blob)) await content.removeBlob(blob);
    throw layerError(error, blob);
  }
}
