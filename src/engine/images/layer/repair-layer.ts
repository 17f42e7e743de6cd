import type { ImageStore } from '../image-store.ts';
import { convertLayer } from './convert.ts';
import type { ConvertOptions } from './convert.ts';
import { StorageError } from './disk-guard.ts';
import { fileBytes } from './file-bytes.ts';

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
  const bytes = fileBytes(store.content.blobFile(expected.digest));
  try {
    const source = { bytes, expected, diffId, onDownloaded };
    await store.addLayer(diffId, await convertLayer(source, options));
    return true;
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof StorageError) throw error;
    return false; // What it says of the blob nobody has asked for: the layer is fetched.
  }
}
