import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { TarEntry } from '../../../src/image-builder/tar/entry.ts';
import { layerTar } from './layer-tar.ts';

export interface LayerSource {
  readonly entries: readonly TarEntry[];
  readonly compression: 'gzip' | 'zstd' | 'none';
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
} as const;

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const COMPRESS = {
  gzip: (bytes: Buffer) => gzipSync(bytes, { level: 1 }),
  zstd: (bytes: Buffer) => zstdCompressSync(bytes),
  none: (bytes: Buffer) => bytes,
} as const;

/**
 * Writes an image as an OCI layout (image-spec v1.1, image-layout.md) that skopeo can push.
 * @returns the manifest's digest
 */
export function writeOciLayout(directory: string, image: ImageSource): string {
  mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true });
  const put = (bytes: Buffer, mediaType: string) => {
    const digest = sha256(bytes);
    writeFileSync(join(directory, 'blobs', 'sha256', digest.slice(7)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const tars = image.layers.map(({ entries }) => layerTar(entries));
  const layers = image.layers.map(({ compression }, position) =>
    put(COMPRESS[compression](tars[position] ?? Buffer.alloc(0)), MEDIA[compression]),
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
  const manifest = put(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: put(Buffer.from(JSON.stringify(config)), 'application/vnd.oci.image.config.v1+json'),
        layers,
      }),
    ),
    'application/vnd.oci.image.manifest.v1+json',
  );
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [manifest],
  };
  writeFileSync(join(directory, 'index.json'), JSON.stringify(index));
  writeFileSync(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return manifest.digest;
}
