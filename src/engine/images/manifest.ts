import * as z from 'zod';
import { EngineError } from '../errors.ts';
import { jsonTrouble } from './json-trouble.ts';
import { isDigest } from './reference.ts';

/** Media types of OCI image-spec v1.1 and of Docker's image manifest V2, schema 2. */
export const MEDIA = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

export const INDEX_TYPES: readonly string[] = [MEDIA.ociIndex, MEDIA.dockerList];
export const MANIFEST_TYPES: readonly string[] = [MEDIA.ociManifest, MEDIA.dockerManifest];
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/;

/** What `Accept` says when a manifest is asked for. */
export const MANIFEST_ACCEPT = [...INDEX_TYPES, ...MANIFEST_TYPES].join(', ');

/** No manifest, index or config larger than this is read. */
export const MAX_DOCUMENT = 4 * 1024 * 1024;
/** overlayfs takes no more lower layers than this. */
const MAX_LAYERS = 490;

const digest = z.string().refine(isDigest, 'not a digest');
const descriptor = z.object({
  mediaType: z.string(),
  digest,
  size: z.number().int().nonnegative(),
  annotations: z.record(z.string(), z.string()).nullish(),
});
const platform = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});
const index = z.object({
  mediaType: z.string().optional(),
  manifests: z.array(descriptor.extend({ platform: platform.optional() })),
});
const manifest = z.object({
  mediaType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor).max(MAX_LAYERS),
});

export type Descriptor = z.infer<typeof descriptor>;
export type IndexEntry = z.infer<typeof index>['manifests'][number];
export type ManifestDocument =
  | { readonly kind: 'index'; readonly manifests: readonly IndexEntry[] }
  | {
      readonly kind: 'manifest';
      readonly mediaType: string;
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
    };

/**
 * Reads an index or a manifest. A document that could be taken for either, or that calls itself something else than
 * its transport did, is refused (GHSA-mc8v-mgrf-8f4m, GHSA-77vh-xpmg-72qh).
 *
 * @param contentType as the registry or the descriptor says it; undefined: only the document itself tells
 * @throws EngineError system
 */
export function parseManifest(bytes: Buffer, contentType: string | undefined): ManifestDocument {
  const value = jsonObject(bytes, 'manifest');
  checkStrictly(bytes, 'manifest');
  const stated = contentType?.split(';')[0]?.trim();
  const inside = typeof value['mediaType'] === 'string' ? value['mediaType'] : undefined;
  if (stated !== undefined && SCHEMA_1.test(stated)) throw broken('manifests of schema 1 are not supported');
  const generic = stated === undefined || stated === 'application/json' || stated === 'text/plain';
  if (!generic && inside !== undefined && stated !== inside) {
    throw broken(`mediaType in manifest is "${inside}", but it was served as "${stated}"`);
  }
  const hasIndex = 'manifests' in value;
  const hasImage = 'config' in value || 'layers' in value || 'fsLayers' in value;
  if (hasIndex === hasImage)
    throw broken('ambiguous or empty manifest: neither an index nor an image, or both');
  const type = generic ? (inside ?? (hasIndex ? MEDIA.ociIndex : MEDIA.ociManifest)) : stated;
  if (hasIndex) {
    if (!INDEX_TYPES.includes(type)) throw broken(`an index was served as "${type}"`);
    return { kind: 'index', manifests: check(index, value, 'index').manifests };
  }
  if (!MANIFEST_TYPES.includes(type)) throw broken(`unsupported manifest media type "${type}"`);
  const { config, layers } = check(manifest, value, 'manifest');
  return { kind: 'manifest', mediaType: type, config, layers };
}

/** What configs and layers of images are called; `octet-stream` by clients of before 2016 (moby's pull takes it, too). */
const IMAGE_CONFIGS = new Set<string>([MEDIA.ociConfig, MEDIA.dockerConfig, 'application/octet-stream', '']);
const IMAGE_LAYER =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar)(?:[.+](?:gzip|zstd))?$/;

/**
 * Refuses what registries keep besides images: charts, signatures, attestations, encrypted layers.
 *
 * @throws EngineError system, naming the type
 */
export function checkIsImage({ config, layers }: Extract<ManifestDocument, { kind: 'manifest' }>): void {
  if (!IMAGE_CONFIGS.has(config.mediaType))
    throw broken(`not a container image: its config is of type "${config.mediaType}"`);
  const odd = layers.find(({ mediaType }) => !IMAGE_LAYER.test(mediaType));
  if (odd !== undefined) throw broken(`unsupported type "${odd.mediaType}" of layer ${odd.digest}`);
}

const strings = z.array(z.string());
const runConfig = z.object({
  User: z.string().nullish(),
  Env: strings.nullish(),
  Entrypoint: strings.nullish(),
  Cmd: strings.nullish(),
  WorkingDir: z.string().nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
  ExposedPorts: z.record(z.string(), z.looseObject({})).nullish(),
  Volumes: z.record(z.string(), z.looseObject({})).nullish(),
  StopSignal: z.string().nullish(),
  Healthcheck: z
    .looseObject({
      Test: strings.nullish(),
      Interval: z.int().optional(),
      Timeout: z.int().optional(),
      StartPeriod: z.int().optional(),
      StartInterval: z.int().optional(),
      Retries: z.int().optional(),
    })
    .nullish(),
  Shell: strings.nullish(),
  OnBuild: strings.nullish(),
  ArgsEscaped: z.boolean().nullish(),
});
const history = z.object({
  created: z.string().nullish(),
  created_by: z.string().nullish(),
  author: z.string().nullish(),
  comment: z.string().nullish(),
  empty_layer: z.boolean().nullish(),
});
const imageConfig = z.object({
  architecture: z.string().default(''),
  os: z.string().default('linux'),
  variant: z.string().nullish(),
  created: z.string().nullish(),
  author: z.string().nullish(),
  comment: z.string().nullish(),
  docker_version: z.string().nullish(),
  config: runConfig.nullish(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(digest).max(MAX_LAYERS).nullish() }),
  history: z.array(history).nullish(),
});

export type ImageConfig = z.infer<typeof imageConfig>;

/** Reads an image config (OCI image-spec v1.1, config.md; Docker's is a superset). @throws EngineError system */
export function parseImageConfig(bytes: Buffer): ImageConfig {
  return check(imageConfig, jsonObject(bytes, 'image config'), 'image config');
}

/** Refuses what other readers may understand in another way, and what would overflow a stack. @throws EngineError */
export function checkStrictly(bytes: Buffer, what: string): void {
  const trouble = jsonTrouble(bytes.toString('utf8'));
  if (trouble !== undefined) throw broken(`invalid ${what}: ${trouble}`);
}

function jsonObject(bytes: Buffer, what: string): Record<string, unknown> {
  if (bytes.length > MAX_DOCUMENT) throw broken(`${what} is larger than ${MAX_DOCUMENT} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw broken(`${what} is not JSON`, error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw broken(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function check<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw broken(`invalid ${what}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}`);
}

const broken = (message: string, cause?: unknown) => new EngineError('system', message, cause);
