import { WherryError } from '../../core/errors.ts';
import { crc32c } from '../../core/crc32c.ts';
import {
  BLOCK_BITS,
  BLOCK_SIZE,
  COMPAT_MTIME,
  COMPAT_SB_CHKSUM,
  SUPER_MAGIC,
  SUPER_OFFSET,
  SUPER_SIZE,
} from './format.ts';

/** What Wherry sets of struct erofs_super_block. */
export interface Superblock {
  readonly rootNid: number;
  readonly inodes: number;
  /** Seconds; the mtime of every compact inode. */
  readonly buildTime: number;
  readonly blocks: number;
  /** 16 bytes. */
  readonly uuid: Buffer;
  /** At most 16 bytes. */
  readonly volumeName: string;
}

const AT = {
  magic: 0,
  checksum: 4,
  featureCompat: 8,
  blockBits: 12,
  rootNid: 14,
  inodes: 16,
  buildTime: 24,
  blocks: 36,
  metaBlock: 40,
  uuid: 48,
  volumeName: 64,
  featureIncompat: 80,
} as const;

/**
 * Writes the superblock into block 0, whose other bytes must be final: the checksum covers everything from the
 * superblock to the block's end.
 */
export function encodeSuperblock(block0: Buffer, fields: Superblock): void {
  const at = block0.subarray(SUPER_OFFSET, SUPER_OFFSET + SUPER_SIZE).fill(0);
  at.writeUInt32LE(SUPER_MAGIC, AT.magic);
  at.writeUInt32LE(COMPAT_SB_CHKSUM | COMPAT_MTIME, AT.featureCompat);
  at.writeUInt8(BLOCK_BITS, AT.blockBits);
  at.writeUInt16LE(fields.rootNid, AT.rootNid);
  at.writeBigUInt64LE(BigInt(fields.inodes), AT.inodes);
  at.writeBigInt64LE(BigInt(fields.buildTime), AT.buildTime);
  at.writeUInt32LE(fields.blocks, AT.blocks);
  fields.uuid.copy(at, AT.uuid, 0, 16);
  at.write(fields.volumeName, AT.volumeName, 16, 'latin1');
  at.writeUInt32LE(superblockChecksum(block0), AT.checksum);
}

/** CRC-32C of block 0 from the superblock on, counted with the checksum's own field as zero. */
function superblockChecksum(block0: Buffer): number {
  const covered = Buffer.from(block0.subarray(SUPER_OFFSET, BLOCK_SIZE));
  covered.writeUInt32LE(0, AT.checksum);
  return crc32c(0xffff_ffff, covered);
}

/** Reads block 0. @throws IMAGE_FORMAT_INVALID for anything that {@link encodeSuperblock} doesn't write */
export function decodeSuperblock(block0: Buffer): Superblock {
  const at = block0.subarray(SUPER_OFFSET, SUPER_OFFSET + SUPER_SIZE);
  if (at.length < SUPER_SIZE || at.readUInt32LE(AT.magic) !== SUPER_MAGIC)
    throw formatError('no EROFS superblock');
  if (at.readUInt32LE(AT.checksum) !== superblockChecksum(block0))
    throw formatError("the superblock's checksum doesn't match");
  const unknown = at.readUInt32LE(AT.featureIncompat);
  if (unknown !== 0 || at.readUInt8(AT.blockBits) !== BLOCK_BITS || at.readUInt32LE(AT.metaBlock) !== 0)
    throw formatError(`a feature that isn't read here (incompat 0x${unknown.toString(16)})`);
  return {
    rootNid: at.readUInt16LE(AT.rootNid),
    inodes: Number(at.readBigUInt64LE(AT.inodes)),
    buildTime: Number(at.readBigInt64LE(AT.buildTime)),
    blocks: at.readUInt32LE(AT.blocks),
    uuid: Buffer.from(at.subarray(AT.uuid, AT.uuid + 16)),
    volumeName: at.toString('latin1', AT.volumeName, AT.volumeName + 16).replace(/\0+$/, ''),
  };
}

export function formatError(reason: string): WherryError {
  return new WherryError({ code: 'IMAGE_FORMAT_INVALID', message: `Not a valid EROFS image: ${reason}.` });
}
