import {
  COMPACT_SIZE,
  EXTENDED_SIZE,
  LAYOUT_FLAT_INLINE,
  LAYOUT_FLAT_PLAIN,
  MODE_TYPES,
  type NodeType,
} from './format.ts';
import { formatError } from './superblock.ts';

/** An inode's fields, the same for the 32-byte and the 64-byte form. */
export interface Inode {
  /** st_mode with the type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds. */
  readonly mtime: number;
  readonly links: number;
  /** Bytes of content. */
  readonly size: number;
  /** i_xattr_icount. */
  readonly xattrCount: number;
  /** LAYOUT_FLAT_*. */
  readonly layout: number;
  /** The first data block, or the encoded number of a device. */
  readonly address: number;
  /** A 32-bit number for stat(2) on 32-bit systems. */
  readonly ino: number;
}

/** Bytes on disk: 32 while every field fits and the time is the image's, else 64. */
export function inodeSize(inode: Omit<Inode, 'address' | 'ino'>, buildTime: number): number {
  const fits =
    inode.mtime === buildTime &&
    inode.uid <= 0xffff &&
    inode.gid <= 0xffff &&
    inode.links <= 0xffff &&
    inode.size <= 0xffff_ffff;
  return fits ? COMPACT_SIZE : EXTENDED_SIZE;
}

/** Writes an inode in the form that `bytes` has room for: COMPACT_SIZE or EXTENDED_SIZE. */
export function encodeInode(bytes: Buffer, inode: Inode): void {
  const extended = bytes.length === EXTENDED_SIZE;
  bytes.writeUInt16LE((inode.layout << 1) | (extended ? 1 : 0), 0);
  bytes.writeUInt16LE(inode.xattrCount, 2);
  bytes.writeUInt16LE(inode.mode, 4);
  bytes.writeUInt32LE(inode.address, 16);
  bytes.writeUInt32LE(inode.ino, 20);
  if (!extended) {
    bytes.writeUInt16LE(inode.links, 6);
    bytes.writeUInt32LE(inode.size, 8);
    bytes.writeUInt16LE(inode.uid, 24);
    bytes.writeUInt16LE(inode.gid, 26);
    return;
  }
  bytes.writeBigUInt64LE(BigInt(inode.size), 8);
  bytes.writeUInt32LE(inode.uid, 24);
  bytes.writeUInt32LE(inode.gid, 28);
  bytes.writeBigInt64LE(BigInt(inode.mtime), 32);
  bytes.writeUInt32LE(inode.links, 44);
}

/** Reads an inode of either form from (at least) 64 bytes. @returns it with its size on disk */
export function decodeInode(bytes: Buffer, buildTime: number): Inode & { readonly inodeSize: number } {
  const format = bytes.readUInt16LE(0);
  const extended = (format & 1) === 1;
  const layout = format >> 1;
  if (layout !== LAYOUT_FLAT_PLAIN && layout !== LAYOUT_FLAT_INLINE)
    throw formatError(`an inode of layout ${layout}`);
  return {
    inodeSize: extended ? EXTENDED_SIZE : COMPACT_SIZE,
    layout,
    xattrCount: bytes.readUInt16LE(2),
    mode: bytes.readUInt16LE(4),
    address: bytes.readUInt32LE(16),
    ino: bytes.readUInt32LE(20),
    links: extended ? bytes.readUInt32LE(44) : bytes.readUInt16LE(6),
    size: extended ? Number(bytes.readBigUInt64LE(8)) : bytes.readUInt32LE(8),
    uid: extended ? bytes.readUInt32LE(24) : bytes.readUInt16LE(24),
    gid: extended ? bytes.readUInt32LE(28) : bytes.readUInt16LE(26),
    mtime: extended ? Number(bytes.readBigInt64LE(32)) : buildTime,
  };
}

/** A device's number as the kernel's new_encode_dev() packs it: 12 bits major, 20 bits minor. */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}

export function decodeDevice(value: number): { major: number; minor: number } {
  return { major: (value >>> 8) & 0xfff, minor: (value & 0xff) | ((value >>> 12) & 0xfff00) };
}

/** The node type of an st_mode. */
export function typeOfMode(mode: number): NodeType {
  const bits = mode & 0o170000;
  const known = (Object.keys(MODE_TYPES) as NodeType[]).find((type) => MODE_TYPES[type] === bits);
  if (known === undefined) throw formatError(`an inode of mode 0${mode.toString(8)}`);
  return known;
}
