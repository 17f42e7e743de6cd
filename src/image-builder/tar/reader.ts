import { badTar } from '../../core/tar/errors.ts';
import { readMembers } from '../../core/tar/reader.ts';
import type { TarEntry } from './entry.ts';
import { normalizePath } from './path.ts';

/** What an archive may cost, in bytes and entries. */
export interface TarLimits {
  entryBytes: number;
  totalBytes: number;
  entries: number;
}

const TAR_LIMITS: TarLimits = { entryBytes: 1 << 30, totalBytes: 8 * 2 ** 30, entries: 1_000_000 };

/**
 * Reads an uncompressed tar stream (ustar, GNU long names, pax) entry by entry; each entry's contents
 * are in memory while it is handed out. A damaged, truncated or oversized archive throws ARCHIVE_INVALID.
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  limits: Partial<TarLimits> = {},
): AsyncGenerator<TarEntry, void, undefined> {
  const { entryBytes, totalBytes, entries } = { ...TAR_LIMITS, ...limits };
  let count = 0;
  let total = 0;
  for await (const { name, linkName, size, content, ...rest } of readMembers(source)) {
    const path = normalizePath(name);
    const link = rest.type === 'hardlink' ? normalizePath(linkName) : linkName;
    count += 1;
    total += size;
    if (size > entryBytes) throw badTar(`${path} has ${size} bytes; ${entryBytes} are allowed`);
    if (total > totalBytes || count > entries)
      throw badTar(`it holds more than ${totalBytes} bytes or ${entries} entries`);
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    yield { ...rest, path, link, content: Buffer.concat(chunks) };
  }
}
