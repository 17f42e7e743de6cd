import { open } from 'node:fs/promises';
import type { TarMemberHeader } from '../../../../core/tar/member.ts';
import { END_MARK, memberBytes, paddingAfter } from '../../../../core/tar/writer.ts';
import { EngineError } from '../../../errors.ts';
import { fetchBlobs, layersWithoutBlobs } from '../../blobs/fetch-blobs.ts';
import type { BlobsContext } from '../../blobs/fetch-blobs.ts';
import { archiveFiles } from './archive-files.ts';
import type { ArchiveFile } from './archive-files.ts';
import type { SavedImage } from './saved-image.ts';

const CHUNK = 256 * 1024;

/**
 * The archive of `docker save`, piece by piece: the same images and names give the same bytes, everything is root's and
 * of the epoch. Layers can't go while they are read; what was removed meanwhile goes afterwards. Blobs that were given
 * up are fetched first.
 *
 * @throws EngineError system: a blob isn't there, before the first piece; the signal's reason
 */
export async function* saveImages(
  context: BlobsContext,
  images: readonly SavedImage[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { store } = context;
  const unpin = store.pin(images.flatMap(({ image }) => image.record.layers));
  try {
    for (const { image } of images) {
      const request = { image, purpose: 'saved' };
      await fetchBlobs(context, request, layersWithoutBlobs(store, image), () => undefined, signal);
    }
    const files = await archiveFiles(store, images);
    yield memberBytes(header('directory', 'blobs'));
    yield memberBytes(header('directory', 'blobs/sha256'));
    for (const file of files) yield* fileMember(file);
    yield Buffer.from(END_MARK);
  } finally {
    unpin();
    if (images.some(({ image }) => !store.has(image.id))) await store.collect();
  }
}

async function* fileMember(file: ArchiveFile): AsyncGenerator<Buffer> {
  const size = 'bytes' in file ? file.bytes.length : file.size;
  yield memberBytes(header('file', file.name, size));
  if ('bytes' in file) yield file.bytes;
  else yield* contentOf(file.path, file.name, size);
  yield paddingAfter(size);
}

async function* contentOf(path: string, name: string, size: number): AsyncGenerator<Buffer> {
  const file = await open(path);
  try {
    for (let left = size; left > 0;) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, left));
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) throw new EngineError('system', `${name} is shorter than ${size} bytes`);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function header(type: 'file' | 'directory', name: string, size = 0): TarMemberHeader {
  const mode = type === 'file' ? 0o644 : 0o755;
  const owner = { uid: 0, gid: 0, mtime: 0, devMajor: 0, devMinor: 0 };
  return { type, name, linkName: '', mode, size, ...owner, xattrs: new Map() };
}
