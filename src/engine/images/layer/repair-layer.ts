import { createReadStream } from 'node:fs';
import type { ImageStore } from '../image-store.ts';
import { convertLayer } from './convert.ts';
import type { ConvertOptions } from './convert.ts';
import { StorageError } from './disk-guard.ts';

/**
 * Makes a layer's EROFS file again, which a crash has torn, from the blob that was kept beside it.
 *
 * @returns false where that can't be done: no such blob, or it is damaged, too
 * @throws StorageError, or the signal's reason
 */
export async function repairLayer(
  store: ImageStore,
  diffId: string,
  how: { readonly options: ConvertOptions; readonly onDownloaded: () => void },
): Promise<boolean> {
  const expected = store.spareBlob(diffId);
  if (expected === undefined) return false;
  const { options, onDownloaded } = how;
  const bytes = createReadStream(store.content.blobFile(expected.digest), { highWaterMark: 256 * 1024 });
  try {
    const source = { bytes: bytes as AsyncIterable<Buffer>, expected, diffId, onDownloaded };
    await store.addLayer(diffId, await convertLayer(source, options));
    return true;
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof StorageError) throw error;
    return false; // What it says of the blob nobody has asked for: the layer is fetched.
  } finally {
    bytes.destroy();
  }
}
