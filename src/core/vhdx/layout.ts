import { crc32c } from '../crc32c.ts';
import { BLOCK_STATES, LOGICAL_SECTOR, MIB, OFFSETS } from './format.ts';
import { headerSection, type VhdxIds } from './header.ts';
import { metadataRegion } from './metadata.ts';

/**
 * 1 MiB: what Microsoft advises for ext4 in dynamic disks ("Best Practices for running Linux on Hyper-V"), and the
 * smallest there is (2.6.2.1).
 */
export const BLOCK_BYTES = MIB;

/** 2.5: so many payload blocks share one sector bitmap block; its BAT entry stands behind theirs. */
const CHUNK_RATIO = (2 ** 23 * LOGICAL_SECTOR) / BLOCK_BYTES;

const LOG = { offset: MIB, bytes: MIB } as const;
const METADATA_REGION = { offset: 2 * MIB, bytes: MIB } as const;
const BAT_OFFSET = 3 * MIB;

export interface VhdxPlan {
  /** A multiple of the block size. */
  readonly virtualBytes: number;
  /** The blocks that have data, by their place in the virtual disk, ascending; the others read as zeros. */
  readonly blocks: readonly number[];
  readonly ids: VhdxIds;
}

/** A dynamic VHDX: everything before the data, and where each block's data goes. */
export interface VhdxLayout {
  readonly head: Buffer;
  /** The place in the file of the n-th of the plan's blocks. */
  readonly offsetOf: (index: number) => number;
  readonly fileBytes: number;
}

/**
 * Lays out a dynamic VHDX ([MS-VHDX] 2): header section, an empty log, metadata, the block allocation table (BAT), then
 * the blocks in their order. Nothing in it depends on the time or the host.
 */
export function vhdxLayout({ virtualBytes, blocks, ids }: VhdxPlan): VhdxLayout {
  if (virtualBytes <= 0 || virtualBytes % BLOCK_BYTES !== 0)
    throw new RangeError(`a VHDX of ${virtualBytes} bytes is not whole blocks`);
  const count = virtualBytes / BLOCK_BYTES;
  // 2.5: a fixed or dynamic disk has no bitmap entry behind its last, incomplete chunk.
  const entries = count + Math.floor((count - 1) / CHUNK_RATIO);
  const batBytes = Math.ceil((entries * 8) / MIB) * MIB;
  const dataOffset = BAT_OFFSET + batBytes;
  const offsetOf = (index: number): number => dataOffset + index * BLOCK_BYTES;

  const head = Buffer.alloc(dataOffset);
  headerSection(ids, LOG, [
    { kind: 'bat', offset: BAT_OFFSET, bytes: batBytes },
    { kind: 'metadata', ...METADATA_REGION },
  ]).copy(head);
  metadataRegion({ virtualBytes, blockBytes: BLOCK_BYTES, diskId: ids.disk }).copy(
    head,
    METADATA_REGION.offset,
  );
  blocks.forEach((block, index) => {
    if (block >= count) throw new RangeError(`block ${block} lies behind the end of the disk`);
    const entry = block + Math.floor(block / CHUNK_RATIO);
    const state = (BigInt(offsetOf(index) / MIB) << 20n) | BLOCK_STATES.fullyPresent;
    head.writeBigUInt64LE(state, BAT_OFFSET + entry * 8);
  });
  return { head, offsetOf, fileBytes: offsetOf(blocks.length) };
}

/** What a VHDX file says of itself; see {@link readVhdx}. */
export interface VhdxFacts {
  readonly virtualBytes: number;
  readonly present: readonly number[];
}

/** Reads back the head of a VHDX that {@link vhdxLayout} wrote. Throws where a checksum or a signature is wrong. */
export function readVhdx(head: Buffer): VhdxFacts {
  for (const offset of OFFSETS.headers) requireChecksum(head.subarray(offset, offset + 4096), 'head');
  for (const offset of OFFSETS.regionTables) requireChecksum(head.subarray(offset, offset + 65_536), 'regi');
  const metadata = head.subarray(METADATA_REGION.offset);
  const sizeAt = metadata.readUInt32LE(32 + 32 + 16);
  const virtualBytes = Number(metadata.readBigUInt64LE(sizeAt));
  const present: number[] = [];
  for (let block = 0; block < virtualBytes / BLOCK_BYTES; block += 1) {
    const entry = head.readBigUInt64LE(BAT_OFFSET + (block + Math.floor(block / CHUNK_RATIO)) * 8);
    if ((entry & 7n) === BLOCK_STATES.fullyPresent) present.push(block);
  }
  return { virtualBytes, present };
}

function requireChecksum(structure: Buffer, signature: string): void {
  const copy = Buffer.from(structure);
  const stored = copy.readUInt32LE(4);
  copy.writeUInt32LE(0, 4);
  const found = (crc32c(0xffff_ffff, copy) ^ 0xffff_ffff) >>> 0;
  if (copy.toString('latin1', 0, 4) !== signature || stored !== found)
    throw new Error(`the VHDX's ${signature} structure is damaged`);
}
