import { byteReader } from './byte-reader.ts';
import type { ByteReader } from './byte-reader.ts';
import { badTar } from './errors.ts';
import { BLOCK, parseHeader } from './header.ts';
import type { RawHeader } from './header.ts';
import type { TarEntryType, TarMember, TarMemberHeader } from './member.ts';
import { applyPax } from './pax.ts';
import type { Overrides } from './pax.ts';

/** Long names and extended headers: far above PATH_MAX and the kernel's 64 KiB of an xattr. */
const META_BYTES = 1 << 20;
/** Content is handed out in pieces of at most this many bytes. */
const PIECE = 256 * 1024;

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

export interface ReadOptions {
  /** Accept an archive that ends between two members without the blocks of zeros, as Go's and GNU's readers do. */
  readonly endMarkOptional?: boolean;
}

/**
 * Reads an uncompressed tar stream (ustar, GNU long names and numbers, pax) member by member, in bounded memory. What
 * follows the end mark is read and dropped, so that whoever sends it isn't cut off.
 *
 * @throws WherryError ARCHIVE_INVALID for a damaged or truncated archive
 */
export async function* readMembers(
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions = {},
): AsyncGenerator<TarMember, void, undefined> {
  const reader = byteReader(source);
  const globals: Overrides = {};
  let overrides: Overrides = {};
  try {
    for (;;) {
      const block = await reader.read(BLOCK);
      if (block.length === 0 && options.endMarkOptional === true) break;
      if (block.length < BLOCK) throw endsTooEarly();
      const header = parseHeader(block);
      if (header === undefined) break;
      if (isMeta(header.typeFlag)) {
        if (header.size > META_BYTES) throw badTar('an extended header is too large');
        const data = await wholeBody(reader, header.size);
        readMeta(header.typeFlag, data, header.typeFlag === 'g' ? globals : overrides);
        continue;
      }
      const member = toMember(header, { ...globals, ...overrides });
      overrides = {};
      const body = { left: member.size };
      yield { ...member, content: pieces(reader, body) };
      await skip(reader, body.left);
      await skip(reader, paddingOf(member.size));
    }
    while ((await reader.skip(1 << 20)) > 0);
  } finally {
    await reader.close();
  }
}

async function* pieces(reader: ByteReader, body: { left: number }): AsyncGenerator<Buffer> {
  while (body.left > 0) {
    const piece = await reader.some(Math.min(body.left, PIECE));
    if (piece.length === 0) throw endsTooEarly();
    body.left -= piece.length;
    yield piece;
  }
}

async function skip(reader: ByteReader, length: number): Promise<void> {
  if ((await reader.skip(length)) < length) throw endsTooEarly();
}

async function wholeBody(reader: ByteReader, size: number): Promise<Buffer> {
  const bytes = await reader.read(size);
  if (bytes.length < size) throw endsTooEarly();
  await skip(reader, paddingOf(size));
  return bytes;
}

const endsTooEarly = () => badTar('it ends too early');
const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

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

function toMember(header: RawHeader, overrides: Overrides): TarMemberHeader {
  const name = overrides.path ?? header.name;
  const plain = TYPES[header.typeFlag];
  if (plain === undefined)
    throw badTar(`${name} is of type ${JSON.stringify(header.typeFlag)}, which is not supported`);
  // Archives older than POSIX mark a directory by a slash alone.
  const type = plain === 'file' && name.endsWith('/') ? 'directory' : plain;
  const size = type === 'file' ? (overrides.size ?? header.size) : 0;
  if (size < 0) throw badTar(`${name} has a size below 0`);
  return {
    type,
    name,
    linkName: type === 'hardlink' || type === 'symlink' ? (overrides.linkPath ?? header.linkName) : '',
    mode: header.mode & 0o7777,
    uid: overrides.uid ?? header.uid,
    gid: overrides.gid ?? header.gid,
    size,
    mtime: overrides.mtime ?? header.mtime,
    devMajor: header.devMajor,
    devMinor: header.devMinor,
    xattrs: overrides.xattrs ?? new Map(),
  };
}
