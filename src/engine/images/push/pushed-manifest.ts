import { EngineError } from '../../errors.ts';
import type { ImageStore, StoredImage } from '../image-store.ts';
import { MEDIA, parseManifest } from '../manifest.ts';
import { digestOf } from '../registry/client.ts';

/** A layer as the manifest that is pushed names it. */
export interface PushedLayer {
  readonly diffId: string;
  readonly digest: string;
  readonly size: number;
  /** Whether these very bytes are what this machine keeps of the layer. */
  readonly kept: boolean;
}

export interface PushedManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  /** Bottom first. */
  readonly layers: readonly PushedLayer[];
}

/**
 * The manifest to push an image with: the one through which it came, so that its digest stays what it was. It is taken
 * where every blob that it names is kept here, or is at the registry already (`has`): the same layer may have come by
 * another image, compressed otherwise. Else one of our own, of Docker's schema 2 as `docker push` makes it, or OCI's
 * where a layer isn't gzip.
 *
 * @throws EngineError system where a layer is damaged
 */
export async function manifestToPush(
  store: ImageStore,
  image: StoredImage,
  has: (digest: string) => Promise<boolean>,
): Promise<PushedManifest> {
  const own = image.record.layers.map((diffId) => {
    const layer = store.layer(diffId);
    if (layer === undefined) {
      throw new EngineError(
        'system',
        `image ${image.id} can't be pushed: its layer ${diffId} was damaged. Pull or load the image again`,
      );
    }
    return { diffId, digest: layer.blob, size: layer.blobSize, kept: true, compression: layer.compression };
  });
  for (const digest of image.record.manifests) {
    const bytes = store.content.readDocument(digest);
    const document = parseManifest(bytes, undefined);
    if (document.kind !== 'manifest' || document.config.digest !== image.id) continue;
    if (document.layers.length !== own.length) continue;
    const layers = document.layers.map((layer, at) => ({
      diffId: own[at]?.diffId ?? '',
      digest: layer.digest,
      size: layer.size,
      kept: layer.digest === own[at]?.digest,
    }));
    const others = await Promise.all(layers.filter(({ kept }) => !kept).map((layer) => has(layer.digest)));
    if (others.every(Boolean)) return { digest, mediaType: document.mediaType, bytes, layers };
  }
  const { length: size } = store.content.readDocument(image.id);
  const docker = own.every(({ compression }) => compression === 'gzip');
  const mediaType = docker ? MEDIA.dockerManifest : MEDIA.ociManifest;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: docker ? MEDIA.dockerConfig : MEDIA.ociConfig, size, digest: image.id },
    layers: own.map((layer) => ({
      mediaType: docker
        ? MEDIA.dockerLayer
        : `${MEDIA.ociLayer}${layer.compression === 'none' ? '' : `+${layer.compression}`}`,
      size: layer.size,
      digest: layer.digest,
    })),
  };
  const bytes = Buffer.from(JSON.stringify(manifest, undefined, 3));
  return { digest: digestOf(bytes), mediaType, bytes, layers: own };
}
