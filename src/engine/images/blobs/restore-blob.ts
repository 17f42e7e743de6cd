import { createHash, randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../errors.ts';
import type { ImageStore } from '../image-store.ts';
import { layerError } from '../layer/convert.ts';
import { DiskGuard } from '../layer/disk-guard.ts';
import type { Descriptor } from '../manifest.ts';
import { printable } from '../printable.ts';
import type { ProgressSink } from '../progress.ts';

/**
 * Takes a layer's blob in again, if it was given up. Of bytes that aren't it nothing is left, and of a source without
 * an end no more than the blob's size is read. The caller has the layer pinned.
 *
 * @param bytesOf opens the source
 * @throws EngineError system: another size or digest; StorageError; what the source throws
 */
export async function restoreBlob(
  store: ImageStore,
  diffId: string,
  bytesOf: (expected: Descriptor) => AsyncIterable<Buffer>,
): Promise<void> {
  const layer = store.layer(diffId);
  if (layer === undefined) throw new EngineError('system', `layer ${diffId} is gone`);
  if (layer.blobGone !== true) return;
  const expected = { digest: layer.blob, size: layer.blobSize, mediaType: '' };
  const path = join(store.content.ingest, `${randomUUID()}.blob`);
  try {
    const guard = new DiskGuard(store.content.ingest, expected.digest, store.content.partials);
    await guard.check(expected.size);
    await writeVerified(bytesOf(expected), expected, path, guard);
    await store.restoreBlob(diffId, { digest: expected.digest, path });
  } catch (error) {
    throw layerError(error);
  } finally {
    await rm(path, { force: true });
  }
}

async function writeVerified(
  bytes: AsyncIterable<Buffer>,
  { digest, size }: Descriptor,
  path: string,
  guard: DiskGuard,
): Promise<void> {
  const wrong = (what: string) =>
    new EngineError('system', `verification failed for digest ${digest}: ${what}`);
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o600);
  try {
    let written = 0;
    for await (const chunk of bytes) {
      written += chunk.length;
      if (written > size) throw wrong(`size is more than ${size}`);
      hash.update(chunk);
      // Not write(): on a disk that is nearly full it writes a part, and doesn't call that a failure.
      await file.appendFile(chunk);
      await guard.wrote(chunk.length);
    }
    const found = `sha256:${hash.digest('hex')}`;
    if (found !== digest) throw wrong(`it is ${found}`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Takes a blob that was given up from somebody who has it at hand. The image works without it: a failure is told, and
 * nothing else.
 *
 * @param tell where progress goes, and under which id
 * @returns whether it is here now
 * @throws the signal's reason
 */
export async function restoreIfPossible(
  store: ImageStore,
  diffId: string,
  bytesOf: (expected: Descriptor) => AsyncIterable<Buffer>,
  tell: { readonly sink: ProgressSink; readonly id: string },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await restoreBlob(store, diffId, bytesOf);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    const reason = printable(error instanceof Error ? error.message : String(error));
    tell.sink({ status: `Its compressed form is not kept: ${reason}`, id: tell.id });
    return false;
  }
}
