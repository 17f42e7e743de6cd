import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Arch } from '../../core/arch.ts';
import { END_MARK, memberBytes, paddingAfter } from '../../core/tar/writer.ts';
import type { LayerFile } from './layer-file.ts';

export interface ImageParts {
  readonly arch: Arch;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly layers: readonly { readonly file: LayerFile; readonly createdBy: string }[];
  readonly labels: Readonly<Record<string, string>>;
  /** `debian:trixie`; none: the image gets no name. */
  readonly name?: string | undefined;
}

export interface ImageDocuments {
  /** The config's digest. */
  readonly id: string;
  readonly config: Buffer;
  readonly manifest: Buffer;
  readonly index: Buffer;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** An image's JSON documents (OCI image-spec v1.1: config.md, manifest.md, image-layout.md). */
export function imageDocuments(parts: ImageParts): ImageDocuments {
  const created = new Date(parts.created * 1000).toISOString().replace('.000Z', 'Z');
  const config = json({
    architecture: parts.arch,
    ...(parts.arch === 'arm64' ? { variant: 'v8' } : {}),
    os: 'linux',
    created,
    config: { Env: [`PATH=${PATH}`], Cmd: ['bash'], Labels: parts.labels },
    rootfs: { type: 'layers', diff_ids: parts.layers.map(({ file }) => file.diffId) },
    history: parts.layers.map(({ createdBy }) => ({ created, created_by: createdBy })),
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...described(config) },
    layers: parts.layers.map(({ file: { digest, size } }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size,
    })),
  });
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        ...described(manifest),
        ...(parts.name === undefined ? {} : { annotations: { 'io.containerd.image.name': parts.name } }),
      },
    ],
  });
  return { id: digestOf(config), config, manifest, index };
}

/**
 * An OCI layout as a tar stream, for `POST /images/load`, with the layers that are sent along: what the engine has needs
 * no sending.
 */
export async function* imageArchive(
  documents: ImageDocuments,
  sent: readonly LayerFile[],
): AsyncGenerator<Buffer> {
  const { config, manifest, index } = documents;
  yield* member('oci-layout', json({ imageLayoutVersion: '1.0.0' }));
  yield* member('index.json', index);
  for (const document of [manifest, config]) yield* member(blobName(digestOf(document)), document);
  for (const { path, digest, size } of sent) {
    yield header(blobName(digest), size);
    yield* createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
    yield paddingAfter(size);
  }
  yield Buffer.from(END_MARK);
}

function* member(name: string, content: Buffer): Generator<Buffer> {
  yield Buffer.concat([header(name, content.length), content, paddingAfter(content.length)]);
}

function header(name: string, size: number): Buffer {
  const nobody = { uid: 0, gid: 0, mtime: 0, devMajor: 0, devMinor: 0, linkName: '', xattrs: new Map() };
  return memberBytes({ ...nobody, type: 'file', name, mode: 0o644, size });
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const described = (bytes: Buffer) => ({ digest: digestOf(bytes), size: bytes.length });
const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
