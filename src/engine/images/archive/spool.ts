import { open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { readMembers } from '../../../core/tar/reader.ts';
import { WherryError } from '../../../core/errors.ts';
import { EngineError } from '../../errors.ts';
import { decompressor, peekCompression } from '../layer/decompress.ts';
import { layerPath } from '../tar/layer-path.ts';
import type { ArchiveSource } from './archive-source.ts';
import { filesSource } from './archive-source.ts';

const MAX_ENTRIES = 10_000;
const MAX_BYTES = 64 * 1024 ** 3;

/**
 * Unpacks an image archive (tar, +gzip, +zstd) into numbered files: `manifest.json` may come last, and layers are
 * wanted in another order than theirs. Names in the archive never become paths.
 *
 * @throws EngineError invalidParameter for what isn't a tar archive
 */
export async function spoolArchive(body: AsyncIterable<Buffer>, directory: string): Promise<ArchiveSource> {
  const { compression, unsupported, stream } = await peekCompression(body);
  if (unsupported !== undefined) {
    throw invalidArchive(
      `it is compressed with ${unsupported}, which can't be unpacked here. Unpack it first: ${unsupported} -dc FILE | wherry load`,
    );
  }
  const unpacked = Readable.from(stream, { objectMode: false }).compose(decompressor(compression));
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  let entries = 0;
  try {
    for await (const member of readMembers(bounded(unpacked as AsyncIterable<Buffer>), {
      endMarkOptional: true,
    })) {
      if (++entries > MAX_ENTRIES) throw invalidArchive('it has too many entries');
      const name = layerPath(member.name).join('/');
      if (member.type === 'symlink') links.set(name, posix.join(posix.dirname(name), member.linkName));
      if (member.type === 'hardlink') links.set(name, layerPath(member.linkName).join('/'));
      if (member.type !== 'file') continue;
      const file = join(directory, String(files.size));
      files.set(name, file);
      await copyTo(file, member.content);
    }
  } catch (error) {
    // The reader's complaint; everything else is said in the engine's own words.
    if (!(error instanceof WherryError)) throw error;
    throw new EngineError('invalidParameter', `invalid archive: ${error.message}`, error);
  }
  return filesSource((name) => files.get(name) ?? files.get(links.get(name) ?? ''));
}

async function copyTo(file: string, content: AsyncIterable<Buffer>): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    // All of it, or a failure; write() may write a part.
    for await (const piece of content) await handle.appendFile(piece);
  } finally {
    await handle.close();
  }
}

async function* bounded(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let total = 0;
  for await (const chunk of source) {
    total += chunk.length;
    if (total > MAX_BYTES) throw invalidArchive('it is too large');
    yield chunk;
  }
}

const invalidArchive = (message: string) =>
  new EngineError('invalidParameter', `invalid archive: ${message}`);
