import { EngineError } from '../../errors.ts';
import { hasCode } from '../../sys/errno.ts';
import type { ImageStore } from '../image-store.ts';
import { parseManifest } from '../manifest.ts';
import { parseReference, repositoryOf } from '../reference.ts';
import type { Reference } from '../reference.ts';

/**
 * The repositories (`docker.io/library/busybox`) that have a blob, by the blobs of all layers, as far as this machine
 * knows: those that gave or took an image by a manifest which names that very blob.
 *
 * @param among diffIDs: only images with one of these layers are looked at; all where absent
 */
export function repositoriesByBlob(store: ImageStore, among?: ReadonlySet<string>): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [id, references] of remoteNames(store)) {
    const { layers = [], manifests = [] } = store.record(id) ?? {};
    if (among !== undefined && !layers.some((diffId) => among.has(diffId))) continue;
    const repositories = references.map((reference) => repositoryOf(reference));
    const blobs = manifests.flatMap((manifest) => blobsOf(store, manifest));
    addAll(found, blobs, repositories);
  }
  return found;
}

/**
 * Where a layer's blob can be fetched from: the repositories that are known of it now, and those that were known when
 * it was given up, whose names may be gone.
 *
 * @param known of {@link repositoriesByBlob}
 */
export function sourcesOf(
  store: ImageStore,
  diffId: string,
  known: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const layer = store.layer(diffId);
  if (layer === undefined) return [];
  return [...new Set([...(known.get(layer.blob) ?? []), ...(layer.sources ?? [])])];
}

/** Other repositories of the target's registry that an image with a layer came from, or went to: paths by diffID. */
export function pathsByLayer(store: ImageStore, target: Reference): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [id, references] of remoteNames(store)) {
    const paths = references
      .filter(({ domain, path }) => domain === target.domain && path !== target.path)
      .map(({ path }) => path);
    addAll(found, store.record(id)?.layers ?? [], paths);
  }
  return found;
}

/** By which names registries know images, by image id. */
function remoteNames(store: ImageStore): Map<string, Reference[]> {
  const names = new Map<string, Reference[]>();
  for (const name of store.references()) {
    const id = name.includes('@') ? store.idOf(name) : undefined;
    if (id === undefined) continue;
    const reference = parseReference(name);
    const others = names.get(id);
    if (others === undefined) names.set(id, [reference]);
    else others.push(reference);
  }
  return names;
}

/** A manifest that can't be read (any more: what is refused grows) tells of no blobs, and keeps nobody from others'. */
function blobsOf(store: ImageStore, manifest: string): string[] {
  try {
    const document = parseManifest(store.content.readDocument(manifest), undefined);
    return document.kind === 'manifest' ? document.layers.map(({ digest }) => digest) : [];
  } catch (error) {
    if (error instanceof EngineError || hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

function addAll(map: Map<string, Set<string>>, keys: readonly string[], values: readonly string[]): void {
  if (values.length === 0) return;
  for (const key of keys) {
    const there = map.get(key);
    if (there === undefined) map.set(key, new Set(values));
    else for (const value of values) there.add(value);
  }
}
