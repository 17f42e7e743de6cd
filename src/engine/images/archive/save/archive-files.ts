import { EngineError } from '../../../errors.ts';
import type { ImageStore, StoredImage } from '../../image-store.ts';
import type { Compression } from '../../layer/decompress.ts';
import { MEDIA, parseManifest } from '../../manifest.ts';
import { digestOf } from '../../registry/client.ts';
import { familiarName, familiarReference, parseReference } from '../../reference.ts';
import { platformOf } from '../../require-platform.ts';
import type { SavedImage } from './saved-image.ts';

/** A file of an archive: a small document, or one that is on disk. */
export type ArchiveFile =
  | { readonly name: string; readonly bytes: Buffer }
  | { readonly name: string; readonly path: string; readonly size: number };

/**
 * The files of an archive that is an OCI layout (image-spec v1.1, image-layout.md) and a docker-archive at once, in the
 * order of their names: what Docker 28 with its containerd store writes, and `repositories` besides, which its older
 * store has. Layers are the blobs as they came from the registry: their digests stay the manifest's, and Docker since
 * 1.10, containerd, podman and skopeo decompress what they load.
 *
 * @throws EngineError system: a blob isn't there
 */
export async function archiveFiles(store: ImageStore, images: readonly SavedImage[]): Promise<ArchiveFile[]> {
  const files = new Map<string, ArchiveFile>();
  const add = (file: ArchiveFile): string => {
    files.set(file.name, file);
    return file.name;
  };
  const addDocument = (digest: string, bytes: Buffer): string => add({ name: blobName(digest), bytes });
  const index: object[] = [];
  const manifest: object[] = [];
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, references } of images) {
    const descriptor = manifestOf(store, image);
    addDocument(descriptor.digest, descriptor.bytes);
    const layers: string[] = [];
    for (const diffId of image.record.layers) layers.push(add(await layerFile(store, image, diffId)));
    const names = references.map((reference) => parseReference(reference));
    index.push(
      ...indexEntries(
        image,
        descriptor,
        names.map((name, at) => ({ full: references[at], tag: name.tag })),
      ),
    );
    manifest.push({
      Config: addDocument(image.id, store.content.readDocument(image.id)),
      RepoTags: names.length === 0 ? null : names.map((name) => familiarReference(name)),
      Layers: layers,
    });
    const top = image.record.layers.at(-1);
    for (const name of top === undefined ? [] : names) {
      (repositories[familiarName(name)] ??= {})[name.tag ?? ''] = hexOf(top ?? '');
    }
  }
  add({ name: 'index.json', bytes: json({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: index }) });
  add({ name: 'manifest.json', bytes: json(manifest, '\n') });
  add({ name: 'oci-layout', bytes: json({ imageLayoutVersion: '1.0.0' }) });
  if (Object.keys(repositories).length > 0) add({ name: 'repositories', bytes: json(repositories, '\n') });
  return [...files.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** One entry for each name, as containerd reads names: whole in its own annotation, the tag in image-spec's. */
function indexEntries(
  { config }: StoredImage,
  { digest, bytes }: Manifest,
  names: readonly { readonly full: string | undefined; readonly tag: string | undefined }[],
): object[] {
  const platform = platformOf(config);
  const descriptor = { mediaType: MEDIA.ociManifest, digest, size: bytes.length };
  if (names.length === 0) return [{ ...descriptor, platform }];
  return names.map(({ full, tag }) => ({
    ...descriptor,
    annotations: { 'io.containerd.image.name': full, 'org.opencontainers.image.ref.name': tag },
    platform,
  }));
}

interface Manifest {
  readonly digest: string;
  readonly bytes: Buffer;
}

/**
 * The OCI manifest through which the image came, if it names the very blobs that are in the store; otherwise one of our
 * own. Docker's schema 2 isn't kept: readers of OCI layouts refuse it there.
 */
function manifestOf(store: ImageStore, image: StoredImage): Manifest {
  const layers = image.record.layers.map((diffId) => {
    const layer = store.layer(diffId);
    if (layer === undefined) throw new EngineError('system', `layer ${diffId} is gone`);
    return { mediaType: LAYER_TYPES[layer.compression], digest: layer.blob, size: layer.blobSize };
  });
  for (const digest of image.record.manifests) {
    const bytes = store.content.readDocument(digest);
    const document = parseManifest(bytes, undefined);
    if (document.kind !== 'manifest' || document.mediaType !== MEDIA.ociManifest) continue;
    const same =
      document.config.digest === image.id &&
      document.layers.length === layers.length &&
      document.layers.every((layer, at) => layer.digest === layers[at]?.digest);
    if (same) return { digest, bytes };
  }
  const { length: size } = store.content.readDocument(image.id);
  const config = { mediaType: MEDIA.ociConfig, digest: image.id, size };
  const bytes = json({ schemaVersion: 2, mediaType: MEDIA.ociManifest, config, layers });
  return { digest: digestOf(bytes), bytes };
}

const LAYER_TYPES: Readonly<Record<Compression, string>> = {
  none: MEDIA.ociLayer,
  gzip: `${MEDIA.ociLayer}+gzip`,
  zstd: `${MEDIA.ociLayer}+zstd`,
};

async function layerFile(store: ImageStore, image: StoredImage, diffId: string): Promise<ArchiveFile> {
  const layer = store.layer(diffId);
  if (layer === undefined) throw new EngineError('system', `layer ${diffId} is gone`);
  const path = store.content.blobFile(layer.blob);
  if ((await store.content.sizeOf(path)) !== layer.blobSize) {
    throw new EngineError(
      'system',
      `image ${image.id} can't be saved: the blob ${layer.blob} of its layer ${diffId} is not there. Pull or load the image again`,
    );
  }
  return { name: blobName(layer.blob), path, size: layer.blobSize };
}

const hexOf = (digest: string): string => digest.slice('sha256:'.length);
const blobName = (digest: string): string => `blobs/sha256/${hexOf(digest)}`;
const json = (value: unknown, end = ''): Buffer => Buffer.from(JSON.stringify(value) + end);
