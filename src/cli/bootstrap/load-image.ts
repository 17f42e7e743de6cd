import { Readable } from 'node:stream';
import { imageArchive, type ImageDocuments } from '../../image-builder/bootstrap/image-archive.ts';
import type { LayerFile } from '../../image-builder/bootstrap/layer-file.ts';
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
