import { byteReader } from './byte-reader.ts';
import type { ByteReader } from './byte-reader.ts';
import type { TarEntry, TarEntryType } from './entry.ts';
import { badTar } from './errors.ts';
import { BLOCK, parseHeader } from './header.ts';
import type { RawHeader } from './header.ts';
import { normalizePath } from './path.ts';
import { applyPax } from './pax.ts';
import type { Overrides } from './pax.ts';

/** What an archive may cost, in bytes and entries. */
export interface TarLimits {
  entryBytes: number;
  totalBytes: number;
  entries: number;
}

const TAR_LIMITS: TarLimits = { entryBytes: 1 << 30, totalBytes: 8 * 2 ** 30, entries: 1_000_000 };

/** Long names and extended headers: far above PATH_MAX and the kernel's 64 KiB of an xattr. */
const META_BYTES = 1 << 20;

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
};

/**
 * Reads an uncompressed tar stream (ustar, GNU long names, pax) entry by entry; each entry's contents
 * are in memory while it is handed out. A damaged, truncated or oversized archive throws ARCHIVE_INVALID.
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  limits: Partial<TarLimits> = {},
): AsyncGenerator<TarEntry, void, undefined> {
  const { entryBytes, totalBytes, entries } = { ...TAR_LIMITS, ...limits };
  const reader = byteReader(source);
  const globals: Overrides = {};
  let overrides: Overrides = {};
  let count = 0;
  let total = 0;
  try {
    for (;;) {
      const header = parseHeader(await exactly(reader, BLOCK));
      if (header === undefined) break;
      if (isMeta(header.typeFlag)) {
        if (header.size > META_BYTES) throw badTar('an extended header is too large');
        readMeta(
          header.typeFlag,
          await body(reader, header.size),
          header.typeFlag === 'g' ? globals : overrides,
        );
        continue;
      }
      const entry = toEntry(header, { ...globals, ...overrides });
      overrides = {};
      const size = entry.type === 'file' ? entry.size : 0;
      count += 1;
      total += size;
      if (size < 0 || size > entryBytes)
        throw badTar(`${entry.path} has ${size} bytes; ${entryBytes} are allowed`);
      if (total > totalBytes || count > entries)
        throw badTar(`it holds more than ${totalBytes} bytes or ${entries} entries`);
      const { size: _, ...rest } = entry;
      yield { ...rest, content: await body(reader, size) };
    }
    while ((await reader.skip(1 << 20)) > 0);
  } finally {
    await reader.close();
  }
}

function isMeta(typeFlag: string): boolean {
  return typeFlag === 'L' || typeFlag === 'K' || typeFlag === 'x' || typeFlag === 'g';
}

function readMeta(typeFlag: string, contents: Buffer, into: Overrides): void {
  if (typeFlag === 'x' || typeFlag === 'g') applyPax(contents, into);
  else if (typeFlag === 'L') into.path = upToNul(contents);
  else into.linkPath = upToNul(contents);
}

function upToNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

function toEntry(header: RawHeader, overrides: Overrides): Omit<TarEntry, 'content'> & { size: number } {
  const name = overrides.path ?? header.name;
  const plain = TYPES[header.typeFlag];
  if (plain === undefined)
    throw badTar(`${name} is of type ${JSON.stringify(header.typeFlag)}, which is not supported`);
  // Archives older than POSIX mark a directory by a slash alone.
  const type = plain === 'file' && name.endsWith('/') ? 'directory' : plain;
  const link = overrides.linkPath ?? header.linkName;
  return {
    type,
    path: normalizePath(name),
    link: type === 'hardlink' ? normalizePath(link) : type === 'symlink' ? link : '',
    mode: header.mode & 0o7777,
    uid: overrides.uid ?? header.uid,
    gid: overrides.gid ?? header.gid,
    mtime: overrides.mtime ?? header.mtime,
    devMajor: header.devMajor,
    devMinor: header.devMinor,
    xattrs: overrides.xattrs ?? new Map(),
    size: overrides.size ?? header.size,
  };
}

async function exactly(reader: ByteReader, length: number): Promise<Buffer> {
  const bytes = await reader.read(length);
  if (bytes.length < length) throw badTar('it ends too early');
  return bytes;
}

/** Contents with their padding to whole blocks. */
async function body(reader: ByteReader, size: number): Promise<Buffer> {
  const bytes = await exactly(reader, size);
  const padding = (BLOCK - (size % BLOCK)) % BLOCK;
  if ((await reader.skip(padding)) < padding) throw badTar('it ends too early');
  return bytes;
}
