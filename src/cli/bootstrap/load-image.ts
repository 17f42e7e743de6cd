import { Readable } from 'node:stream';
import { imageArchive, type ImageDocuments } from '../../image-builder/bootstrap/image-archive.ts';
import type { LayerFile } from '../../image-builder/bootstrap/layer-file.ts';
import { apiPath } from '../engine-client/api-path.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import { jsonLines } from '../engine-client/json-lines.ts';
import type { ProgressMessage } from '../render/pull-progress.ts';

/** Puts an image into the machine's cache; `sent` are the layers that it hasn't yet. @throws EngineAnswerError */
export async function loadImage(
  engine: EngineClient,
  documents: ImageDocuments,
  sent: readonly LayerFile[],
  signal: AbortSignal,
): Promise<void> {
  const answer = await engine.stream('POST', '/images/load', {
    query: { quiet: 1 },
    body: Readable.from(imageArchive(documents, sent), { objectMode: false }),
    signal,
  });
  for await (const message of jsonLines<ProgressMessage>(answer)) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) throw new EngineAnswerError(500, failure);
  }
}

/**
 * The same with one layer, which isn't sent where an image that was bootstrapped before has it.
 * @returns whether it was sent
 */
export async function loadFirst(
  engine: EngineClient,
  documents: ImageDocuments,
  layer: LayerFile,
  signal: AbortSignal,
): Promise<boolean> {
  if (await isThere(engine, layer.diffId, signal)) {
    try {
      await loadImage(engine, documents, [], signal);
      return false;
    } catch (error) {
      // Somebody has removed that image meanwhile.
      if (!(error instanceof EngineAnswerError)) throw error;
    }
  }
  await loadImage(engine, documents, [layer], signal);
  return true;
}

/** What every bootstrapped image is labelled with: the digest of its packages. */
const PACKAGES_LABEL = 'org.wherry.bootstrap.packages';

async function isThere(engine: EngineClient, diffId: string, signal: AbortSignal): Promise<boolean> {
  const images = await engine.json<{ Id: string }[]>('GET', '/images/json', {
    query: { filters: JSON.stringify({ label: [PACKAGES_LABEL] }) },
    signal,
  });
  for (const { Id } of images) {
    try {
      const path = apiPath`/images/${Id}/json`;
      const { RootFS } = await engine.json<{ RootFS: { Layers?: string[] } }>('GET', path, { signal });
      if (RootFS.Layers?.includes(diffId) === true) return true;
    } catch (error) {
      if (!(error instanceof EngineAnswerError && error.status === 404)) throw error;
    }
  }
  return false;
}
