import type { ContentStore } from '../store/content.ts';
import type { LayerRecord, StoreDocument } from '../store/metadata.ts';

/**
 * Compares layers' records with the files that are there after a crash. A layer whose blob alone is torn works; one
 * whose EROFS file alone is torn can be made again from its blob; of one without either nothing is left.
 *
 * @returns the records that change, by diffID; undefined is one that goes
 */
export function mendRecords(
  content: ContentStore,
  layers: Readonly<Record<string, LayerRecord>>,
): Map<string, LayerRecord | undefined> {
  const changed = new Map<string, LayerRecord | undefined>();
  for (const [diffId, layer] of Object.entries(layers)) {
    const hasErofs = layer.torn !== true && content.sizeNow(content.layerFile(diffId)) === layer.erofsSize;
    const hasBlob =
      layer.blobGone !== true && content.sizeNow(content.blobFile(layer.blob)) === layer.blobSize;
    if (hasErofs && !hasBlob && layer.blobGone !== true) changed.set(diffId, { ...layer, blobGone: true });
    if (!hasErofs && hasBlob && layer.torn !== true) changed.set(diffId, { ...layer, torn: true });
    if (!hasErofs && !hasBlob) changed.set(diffId, undefined);
  }
  return changed;
}

/**
 * Notes that blobs are given up, of those layers that have one and that have sources; those of blobs that are gone
 * already are noted, too.
 *
 * @returns the records of the former
 */
export function markBlobsGone(
  draft: StoreDocument,
  sourcesOf: (diffId: string) => readonly string[],
): LayerRecord[] {
  const going: LayerRecord[] = [];
  for (const [diffId, layer] of Object.entries(draft.layers)) {
    if (layer.torn === true) continue;
    const sources = sourcesOf(diffId);
    if (sources.length === 0) continue;
    layer.sources = [...sources];
    if (layer.blobGone === true) continue;
    layer.blobGone = true;
    going.push(layer);
  }
  return going;
}

/** Removes the records of layers that no image has, and that may go. @returns their diffIDs */
export function dropUnusedLayers(draft: StoreDocument, stays: (diffId: string) => boolean): string[] {
  const used = new Set(Object.values(draft.images).flatMap(({ layers }) => layers));
  const unused = Object.keys(draft.layers).filter((diffId) => !used.has(diffId) && !stays(diffId));
  for (const diffId of unused) delete draft.layers[diffId];
  return unused;
}
