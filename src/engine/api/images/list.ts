import type { ImageService } from '../../images/image-service.ts';
import type { StoredImage } from '../../images/image-store.ts';
import { familiarName, familiarReference, parseReference } from '../../images/reference.ts';
import { fitsLabels, parseFilters } from '../../filters.ts';
import { notImplemented } from '../../errors.ts';
import { flagOf } from '../query.ts';
import { globMatches, parseBoolean } from './filters.ts';
import { createdSeconds, summary } from './views.ts';

const FILTERS = ['dangling', 'label', 'before', 'since', 'reference'] as const;

/**
 * `GET /images/json`: newest first. With `shared-size`, each with the bytes of those of its layers that another image
 * has too; -1 otherwise. Nameless images that others were made of come with `all` only.
 *
 * @throws EngineError notImplemented for `manifests`, invalidParameter, notFound
 */
export function listImages(service: ImageService, query: URLSearchParams) {
  if (flagOf(query, 'manifests')) throw notImplemented('GET /images/json with manifests is not implemented');
  const sharedSize = flagOf(query, 'shared-size') ? sharedSizes(service) : () => -1;
  const filters = parseFilters(query.get('filters'), FILTERS);
  const dangling = parseBoolean(filters.get('dangling')?.[0], 'dangling');
  const patterns = filters.get('reference') ?? [];
  const before = bound(service, filters.get('before'));
  const since = bound(service, filters.get('since'));
  const parents = flagOf(query, 'all') ? new Set<string>() : parentsIn(service);
  const chosen = (image: StoredImage): boolean => {
    const created = createdSeconds(image.config);
    const references = service.store.referencesOf(image.id);
    // As moby has it: what only a digest names is dangling, and no more than that is left out with `dangling=false`.
    if (references.length === 0 && (dangling === false || parents.has(image.id))) return false;
    if (dangling === true && references.some((reference) => !reference.includes('@'))) return false;
    if (before !== undefined && created >= before) return false;
    if (since !== undefined && created <= since) return false;
    return fitsLabels(filters, image.config.config?.Labels ?? {});
  };
  return service.store
    .ids()
    .map((id) => service.store.get(id))
    .filter(chosen)
    .map((image) => withNames(service, image, patterns))
    .filter((item) => item !== undefined)
    .map((item) => ({ ...item, SharedSize: sharedSize(item.Id) }))
    .sort((one, other) => other.Created - one.Created);
}

/** Images that others were made of here: those of them without a name are only steps on the way. */
function parentsIn({ store }: ImageService): Set<string> {
  return new Set(store.ids().flatMap((id) => store.record(id)?.parent ?? []));
}

export interface ImagesUsage {
  /** Bytes of all layers, those of several images counted once, and of downloads that were broken off. */
  readonly layersSize: number;
  readonly images: readonly Record<string, unknown>[];
}

/** What `GET /system/df` tells of images: each with the number of its containers. */
export function imagesUsage(service: ImageService): ImagesUsage {
  const { store } = service;
  const listed = listImages(service, new URLSearchParams({ all: '1', 'shared-size': '1' }));
  const layers = new Set(store.ids().flatMap((id) => store.record(id)?.layers ?? []));
  const bytes = [...layers].reduce((sum, diffId) => sum + (store.layer(diffId)?.size ?? 0), 0);
  return {
    // What no image has use of shows as reclaimable, and a prune takes it.
    layersSize: bytes + store.content.partials.unused(),
    images: listed.map((image) => ({ ...image, Containers: service.usersOf(image.Id).length })),
  };
}

function sharedSizes({ store }: ImageService): (id: string) => number {
  const layersOf = (id: string): string[] => [...new Set(store.record(id)?.layers)];
  const users = new Map<string, number>();
  for (const diffId of store.ids().flatMap(layersOf)) users.set(diffId, (users.get(diffId) ?? 0) + 1);
  return (id) =>
    layersOf(id)
      .filter((diffId) => (users.get(diffId) ?? 0) > 1)
      .reduce((sum, diffId) => sum + (store.layer(diffId)?.size ?? 0), 0);
}

function bound(service: ImageService, values: readonly string[] | undefined): number | undefined {
  const name = values?.[0];
  return name === undefined ? undefined : createdSeconds(service.store.find(name).config);
}

/** With a `reference` filter, only the names that match are shown. */
function withNames(service: ImageService, image: StoredImage, patterns: readonly string[]) {
  const item = summary(service, image);
  if (patterns.length === 0) return item;
  const keep = (name: string): boolean => patterns.some((pattern) => nameMatches(pattern, name));
  const RepoTags = item.RepoTags.filter(keep);
  const RepoDigests = item.RepoDigests.filter(keep);
  return RepoTags.length + RepoDigests.length === 0 ? undefined : { ...item, RepoTags, RepoDigests };
}

function nameMatches(pattern: string, name: string): boolean {
  const reference = parseReference(name);
  return globMatches(pattern, familiarReference(reference)) || globMatches(pattern, familiarName(reference));
}
