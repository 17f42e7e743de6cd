import type { ImageStore } from '../image-store.ts';
import { parseManifest } from '../manifest.ts';
import { parseReference, repositoryOf } from '../reference.ts';

/**
 * The repositories (`docker.io/library/busybox`) that have a layer's blob, as far as this machine knows: those that gave
 * or took an image by a manifest which names that very blob.
 */
export function sourcesOf(store: ImageStore, diffId: string): string[] {
  const blob = store.layer(diffId)?.blob;
  const repositories = store.ids().flatMap((id) => {
    const { layers, manifests } = store.get(id).record;
    if (!layers.includes(diffId)) return [];
    return store
      .referencesOf(id)
      .filter((name) => name.includes('@'))
      .filter(() => manifests.some((digest) => names(store, digest, blob)))
      .map((name) => repositoryOf(parseReference(name)));
  });
  return [...new Set(repositories)];
}

function names(store: ImageStore, manifest: string, blob: string | undefined): boolean {
  const document = parseManifest(store.content.readDocument(manifest), undefined);
  return document.kind === 'manifest' && document.layers.some(({ digest }) => digest === blob);
}
