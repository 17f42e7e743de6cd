/**
 * Constants of EROFS's on-disk format: Linux, Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h. All numbers
 * on disk are little-endian. Wherry writes uncompressed images of 4 KiB blocks with one device.
 */
export const BLOCK_BITS = 12;
export const BLOCK_SIZE = 1 << BLOCK_BITS;

export const SUPER_OFFSET = 1024;
export const SUPER_SIZE = 128;
export const SUPER_MAGIC = 0xe0f5_e1e2;

/** The superblock's checksum is set. */
export const COMPAT_SB_CHKSUM = 0x1;
/** Times of inodes are mtimes (older images had ctimes). */
export const COMPAT_MTIME = 0x2;

/** Inodes start at multiples of this; a nid is that multiple (counted from the metadata area, here block 0). */
export const SLOT_SIZE = 32;
export const COMPACT_SIZE = 32;
export const EXTENDED_SIZE = 64;

/** Data in whole blocks. */
export const LAYOUT_FLAT_PLAIN = 0;
/** Whole blocks, and the rest right behind the inode, in the inode's own block. */
export const LAYOUT_FLAT_INLINE = 2;

export const XATTR_HEADER_SIZE = 12;
export const DIRENT_SIZE = 12;
export const NAME_MAX = 255;

/** File types in directory entries (the generic FT_* numbers). */
export const FILE_TYPES = {
  file: 1,
  directory: 2,
  char: 3,
  block: 4,
  fifo: 5,
  symlink: 7,
} as const;

/** The type bits of st_mode. */
export const MODE_TYPES = {
  fifo: 0o010000,
  char: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
} as const;

export type NodeType = keyof typeof MODE_TYPES;

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
