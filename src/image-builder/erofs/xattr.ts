import { WherryError } from '../../core/errors.ts';
import { compareNames } from '../tree/nodes.ts';
import { roundUp, XATTR_HEADER_SIZE } from './format.ts';
import { formatError } from './superblock.ts';

/** EROFS_XATTR_INDEX_*: a name is stored as the number of its prefix and the rest. The ACL names are whole. */
const PREFIXES: readonly (readonly [index: number, prefix: string])[] = [
  [1, 'user.'],
  [2, 'system.posix_acl_access'],
  [3, 'system.posix_acl_default'],
  [4, 'trusted.'],
  [6, 'security.'],
];

const ENTRY_SIZE = 4;

/** An inode's inline xattrs in byte order of their names; empty for none. The length is a multiple of 4. */
export function encodeXattrs(xattrs: ReadonlyMap<string, Buffer>, path: string): Buffer {
  if (xattrs.size === 0) return Buffer.alloc(0);
  const parts: Buffer[] = [Buffer.alloc(XATTR_HEADER_SIZE)];
  for (const [name, value] of [...xattrs].sort(([a], [b]) => compareNames(a, b)))
    parts.push(encodeEntry(name, value, path));
  const bytes = Buffer.concat(parts);
  if (xattrCount(bytes) > 0xffff) throw xattrError(path, 'are too large together');
  return bytes;
}

/** i_xattr_icount: how long the xattrs are, as the kernel counts it. */
export function xattrCount(encoded: Buffer): number {
  return encoded.length === 0 ? 0 : 1 + (encoded.length - XATTR_HEADER_SIZE) / 4;
}

/** The length in bytes that a count stands for. */
export function xattrLength(count: number): number {
  return count === 0 ? 0 : XATTR_HEADER_SIZE + (count - 1) * 4;
}

function encodeEntry(name: string, value: Buffer, path: string): Buffer {
  const known = PREFIXES.find(([, prefix]) =>
    prefix.endsWith('.') ? name.startsWith(prefix) && name.length > prefix.length : name === prefix,
  );
  if (known === undefined) throw xattrError(path, `include "${name}", whose namespace EROFS doesn't know`);
  const rest = Buffer.from(name.slice(known[1].length), 'latin1');
  if (rest.length > 0xff || value.length > 0xffff) throw xattrError(path, `include "${name}", too long`);
  const entry = Buffer.alloc(roundUp(ENTRY_SIZE + rest.length + value.length, ENTRY_SIZE));
  entry.writeUInt8(rest.length, 0);
  entry.writeUInt8(known[0], 1);
  entry.writeUInt16LE(value.length, 2);
  rest.copy(entry, ENTRY_SIZE);
  value.copy(entry, ENTRY_SIZE + rest.length);
  return entry;
}

/** Reads what {@link encodeXattrs} writes. Shared xattrs, which Wherry doesn't write, are refused. */
export function decodeXattrs(bytes: Buffer): Map<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  if (bytes.length === 0) return xattrs;
  if (bytes.readUInt8(4) !== 0) throw formatError('shared xattrs');
  let at = XATTR_HEADER_SIZE;
  while (at < bytes.length) {
    const nameEnd = at + ENTRY_SIZE + bytes.readUInt8(at);
    const valueEnd = nameEnd + bytes.readUInt16LE(at + 2);
    const index = bytes.readUInt8(at + 1);
    const prefix = PREFIXES.find(([known]) => known === index)?.[1];
    if (prefix === undefined || valueEnd > bytes.length) throw formatError('a damaged xattr');
    const name = prefix + bytes.toString('latin1', at + ENTRY_SIZE, nameEnd);
    xattrs.set(name, Buffer.from(bytes.subarray(nameEnd, valueEnd)));
    at = roundUp(valueEnd, ENTRY_SIZE);
  }
  return xattrs;
}

function xattrError(path: string, reason: string): WherryError {
  return new WherryError({
    code: 'IMAGE_TREE_INVALID',
    message: `The extended attributes of "${path}" ${reason}.`,
  });
}
