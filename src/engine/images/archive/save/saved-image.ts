import { EngineError, invalid } from '../../../errors.ts';
import type { ImageStore, StoredImage } from '../../image-store.ts';
import type { Platform } from '../../platform.ts';
import {
  canonicalReference,
  parseReference,
  repositoryOf,
  tryParseReference,
  withDefaultTag,
} from '../../reference.ts';
import { requirePlatform } from '../../require-platform.ts';

/** An image that was asked for, under the names that it gets in the archive. */
export interface SavedImage {
  readonly image: StoredImage;
  /** Canonical, with tags. */
  readonly references: readonly string[];
}

/**
 * What the names of `docker save` mean (moby image/tarexport, parseNames): a name with a tag is that tag, a name without
 * one all tags of its repository, and an id or a digest the image without a name. Images come in the order in which
 * they are first named, each once.
 *
 * @throws EngineError notFound, invalidParameter
 */
export function imagesToSave(
  store: ImageStore,
  names: readonly string[],
  platform: Platform | undefined,
): SavedImage[] {
  if (names.length === 0) throw invalid('no images to save: name at least one');
  const saved = new Map<string, Set<string>>();
  for (const name of names) {
    for (const { id, reference } of meant(store, name)) {
      const references = saved.get(id) ?? new Set();
      saved.set(id, reference === undefined ? references : references.add(reference));
    }
  }
  return [...saved].map(([id, references]) => {
    const image = store.get(id);
    requirePlatform(id, image.config, platform);
    requireLayers(store, image);
    return { image, references: [...references] };
  });
}

function meant(store: ImageStore, name: string): { id: string; reference?: string }[] {
  const reference = tryParseReference(name);
  if (reference !== undefined && reference.tag === undefined && reference.digest === undefined) {
    const repository = repositoryOf(reference);
    const tags = store
      .references()
      .filter((known) => !known.includes('@') && repositoryOf(parseReference(known)) === repository);
    if (tags.length > 0) return tags.map((tag) => ({ id: store.idOf(tag) ?? '', reference: tag }));
  }
  const { id } = store.find(name);
  if (reference?.tag === undefined || reference.digest !== undefined) return [{ id }];
  const canonical = canonicalReference(withDefaultTag(reference));
  return [store.idOf(canonical) === id ? { id, reference: canonical } : { id }];
}

function requireLayers(store: ImageStore, { id, record }: StoredImage): void {
  const missing = record.layers.find((diffId) => store.layer(diffId) === undefined);
  if (missing === undefined) return;
  throw new EngineError(
    'system',
    `image ${id} can't be saved: its layer ${missing} was damaged. Pull or load the image again`,
  );
}
