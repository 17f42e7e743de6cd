import type { StoreDocument } from './metadata.ts';

/** The digests of all blobs that images and layers refer to: configs, manifests, and layers as registries keep them. */
export function knownBlobs({ images, layers }: Pick<StoreDocument, 'images' | 'layers'>): Set<string> {
  const blobs = new Set(Object.keys(images));
  for (const image of Object.values(images)) for (const digest of image.manifests) blobs.add(digest);
  for (const { blob, blobGone } of Object.values(layers)) if (blobGone !== true) blobs.add(blob);
  return blobs;
}
