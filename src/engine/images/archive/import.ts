import * as z from 'zod';
import { EngineError, invalid } from '../../errors.ts';
import { restoreIfPossible } from '../blobs/restore-blob.ts';
import { diffIdsOf, readConfig } from '../layers.ts';
import type { ImageStore } from '../image-store.ts';
import type { LayerOpener, LayerPool } from '../layer/layer-pool.ts';
import { digestOf } from '../registry/client.ts';
import { INDEX_TYPES, parseManifest } from '../manifest.ts';
import type { Descriptor, IndexEntry } from '../manifest.ts';
import { selectPlatform } from '../platform.ts';
import type { Platform } from '../platform.ts';
import { shortId, throttledBytes } from '../progress.ts';
import type { ProgressSink } from '../progress.ts';
import { canonicalReference, tryParseReference, withDefaultTag } from '../reference.ts';
import { requirePlatform } from '../require-platform.ts';
import type { ArchiveSource } from './archive-source.ts';

export interface ImportContext {
  readonly store: ImageStore;
  readonly pool: LayerPool;
  readonly platform: Platform;
  /** Somebody insists on this one, for archives that have no choice of platforms too. */
  readonly required?: Platform | undefined;
}

export interface ImportedImage {
  readonly id: string;
  /** Canonical. */
  readonly references: readonly string[];
}

interface Candidate {
  readonly configBytes: Buffer;
  readonly layers: readonly { readonly name: string; readonly expected?: Descriptor | undefined }[];
  readonly manifests: readonly { readonly digest: string; readonly bytes: Buffer }[];
  readonly references: readonly string[];
}

const dockerManifest = z.array(
  z.object({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()) }),
);

/**
 * Takes in the images of a `docker save` archive or of an OCI layout (image-spec v1.1, image-layout.md).
 *
 * @param names canonical references to use in place of those in the archive
 * @throws EngineError
 */
export async function importImages(
  context: ImportContext,
  source: ArchiveSource,
  sink: ProgressSink,
  signal: AbortSignal,
  names?: readonly string[],
): Promise<ImportedImage[]> {
  const docker = await source.has('manifest.json');
  if (!docker && !(await source.has('index.json'))) {
    throw invalid('invalid archive: it has neither manifest.json nor index.json');
  }
  const candidates = docker
    ? await dockerCandidates(source)
    : await layoutCandidates(source, context.platform);
  const imported: ImportedImage[] = [];
  for (const candidate of candidates) {
    imported.push(
      await importOne(
        context,
        source,
        { ...candidate, references: names ?? candidate.references },
        sink,
        signal,
      ),
    );
  }
  return imported;
}

async function dockerCandidates(source: ArchiveSource): Promise<Candidate[]> {
  const parsed = dockerManifest.safeParse(json(await source.document('manifest.json'), 'manifest.json'));
  if (!parsed.success) throw invalid('invalid archive: manifest.json has another form than expected');
  const candidates: Candidate[] = [];
  for (const entry of parsed.data) {
    candidates.push({
      configBytes: await source.document(entry.Config),
      layers: entry.Layers.map((name) => ({ name })),
      manifests: [],
      references: (entry.RepoTags ?? []).flatMap((name) => canonical(name)),
    });
  }
  return candidates;
}

async function layoutCandidates(source: ArchiveSource, platform: Platform): Promise<Candidate[]> {
  const index = parseManifest(await source.document('index.json'), undefined);
  if (index.kind !== 'index') throw invalid('invalid archive: index.json is not an index');
  const candidates: Candidate[] = [];
  for (const entry of index.manifests) {
    const found = await findManifest(source, entry, platform);
    const { config, layers } = found.document;
    candidates.push({
      configBytes: await blobDocument(source, config),
      layers: layers.map((expected) => ({ name: blobName(expected.digest), expected })),
      manifests: found.manifests,
      references: referencesOf(entry),
    });
  }
  return candidates;
}

async function findManifest(source: ArchiveSource, entry: Descriptor, platform: Platform) {
  const manifests: { digest: string; bytes: Buffer }[] = [];
  let descriptor = entry;
  for (let depth = 0; depth < 3; depth++) {
    const bytes = await blobDocument(source, descriptor);
    manifests.push({ digest: descriptor.digest, bytes });
    const document = parseManifest(bytes, descriptor.mediaType);
    if (document.kind === 'manifest') return { document, manifests };
    const chosen = selectPlatform(document.manifests, platform);
    if (chosen === undefined)
      throw invalid(`invalid archive: ${entry.digest} has no image for this platform`);
    descriptor = chosen;
  }
  throw invalid('invalid archive: its indexes are nested too deep');
}

/** containerd's full name, or image-spec's own annotation, where that is a whole name and not just a tag. */
function referencesOf(entry: IndexEntry): string[] {
  const full = entry.annotations?.['io.containerd.image.name'];
  if (full !== undefined) return canonical(full);
  const name = entry.annotations?.['org.opencontainers.image.ref.name'];
  return name !== undefined && /[:/]/.test(name) && !INDEX_TYPES.includes(name) ? canonical(name) : [];
}

function canonical(name: string): string[] {
  const reference = tryParseReference(name);
  return reference === undefined ? [] : [canonicalReference(withDefaultTag(reference))];
}

async function importOne(
  context: ImportContext,
  source: ArchiveSource,
  candidate: Candidate,
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<ImportedImage> {
  const { store, pool } = context;
  const { configBytes, layers, manifests, references } = candidate;
  const id = digestOf(configBytes);
  const config = readConfig(configBytes);
  requirePlatform(id, config, context.required);
  const diffIds = diffIdsOf(config, layers.length);
  const unpin = store.pin(diffIds);
  try {
    for (const [at, layer] of layers.entries()) {
      const diffId = diffIds[at] ?? '';
      if (store.layer(diffId) !== undefined) {
        await keepBlob(store, source, { diffId, name: layer.name }, sink, signal);
        continue;
      }
      const total = await source.size(layer.name);
      const show = throttledBytes(sink, 'Loading layer', shortId(diffId));
      const open: LayerOpener = (_, tell) => ({
        bytes: counted(source.stream(layer.name), (current) => tell({ kind: 'downloading', current, total })),
        expected: layer.expected,
        diffId,
      });
      const listener = (event: { kind: string; current?: number }) => {
        if (event.kind === 'downloading') show(event.current ?? 0, total);
      };
      await pool.ensure(diffId, open, listener, signal);
    }
    await store.addImage({ id, configBytes, layers: diffIds, manifests, references });
  } finally {
    unpin();
  }
  return { id, references };
}

/** Has a blob that was given up from the archive, where that has the very one. */
async function keepBlob(
  store: ImageStore,
  source: ArchiveSource,
  { diffId, name }: { readonly diffId: string; readonly name: string },
  sink: ProgressSink,
  signal: AbortSignal,
): Promise<void> {
  const layer = store.layer(diffId);
  if (layer?.blobGone !== true || !(await source.has(name))) return;
  if ((await source.size(name)) !== layer.blobSize) return;
  await restoreIfPossible(store, diffId, () => source.stream(name), { sink, id: shortId(diffId) }, signal);
}

async function* counted(
  stream: AsyncIterable<Buffer>,
  tell: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    tell(bytes);
    yield chunk;
  }
}

/** @throws EngineError when the bytes aren't those of the digest */
async function blobDocument(source: ArchiveSource, descriptor: Descriptor): Promise<Buffer> {
  const bytes = await source.document(blobName(descriptor.digest));
  if (digestOf(bytes) !== descriptor.digest) {
    throw new EngineError('invalidParameter', `invalid archive: ${descriptor.digest} has another content`);
  }
  return bytes;
}

const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

function json(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw invalid(`invalid archive: ${name} is not JSON`, error);
  }
}
