import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { TarEntry } from '../../../src/image-builder/tar/entry.ts';
import { layerTar } from './layer-tar.ts';

export interface LayerSource {
  readonly entries: readonly TarEntry[];
  readonly compression: 'gzip' | 'zstd' | 'none';
  /** gzip's, 1 to 9; 1 where absent, for tests want it quick. */
  readonly level?: number;
}

export interface ImageSource {
  readonly layers: readonly LayerSource[];
  /** The `config` object of the OCI image config. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly architecture?: string;
}

const MEDIA = {
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  none: 'application/vnd.oci.image.layer.v1.tar',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const;

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const COMPRESS = {
  gzip: (bytes: Buffer, level: number) => gzipSync(bytes, { level }),
  zstd: (bytes: Buffer) => zstdCompressSync(bytes),
  none: (bytes: Buffer) => bytes,
} as const;

/**
 * Writes an image as an OCI layout (image-spec v1.1, image-layout.md) that skopeo can push; several architectures' as an
 * image index.
 * @returns the digest of the manifest, or of the index
 */
export function writeOciLayout(directory: string, ...images: readonly ImageSource[]): string {
  mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true });
  const put: Put = (bytes, mediaType) => {
    const digest = sha256(bytes);
    writeFileSync(join(directory, 'blobs', 'sha256', digest.slice(7)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const putJson = (value: object, mediaType: string) => put(Buffer.from(JSON.stringify(value)), mediaType);
  const manifests = images.map((image) => ({
    ...putManifest(image, put),
    platform: { os: 'linux', architecture: image.architecture ?? 'amd64' },
  }));
  const index = { schemaVersion: 2, mediaType: MEDIA.index, manifests };
  const top = manifests.length === 1 ? index : { ...index, manifests: [putJson(index, MEDIA.index)] };
  const [pushed] = top.manifests;
  if (pushed === undefined) throw new Error('An OCI layout needs an image.');
  writeFileSync(join(directory, 'index.json'), JSON.stringify(top));
  writeFileSync(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return pushed.digest;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}
type Put = (bytes: Buffer, mediaType: string) => Descriptor;

function putManifest(image: ImageSource, put: Put): Descriptor {
  const tars = image.layers.map(({ entries }) => layerTar(entries));
  const layers = image.layers.map(({ compression, level = 1 }, position) =>
    put(COMPRESS[compression](tars[position] ?? Buffer.alloc(0), level), MEDIA[compression]),
  );
  const config = {
    created: '2026-01-01T00:00:00Z',
    architecture: image.architecture ?? 'amd64',
    os: 'linux',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
    history: tars.map((_, position) => ({
      created: '2026-01-01T00:00:00Z',
      created_by: `layer ${position}`,
    })),
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: put(Buffer.from(JSON.stringify(config)), 'application/vnd.oci.image.config.v1+json'),
    layers,
  };
  return put(Buffer.from(JSON.stringify(manifest)), MEDIA.manifest);
}
