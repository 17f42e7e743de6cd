import { crc32 } from 'node:zlib';
import type { Extent } from './extent.ts';

export const SECTOR = 512;
const MIB = 2 ** 20;
/** UEFI specification 2.10, 5.3: 128 entries of 128 bytes take 32 sectors. */
const ENTRIES = { count: 128, bytes: 128, sectors: 32 } as const;

export interface Partition {
  /** As stored. */
  readonly type: Uint8Array;
  readonly id: Uint8Array;
  /** At most 36 characters. */
  readonly name: string;
  /** In bytes; rounded up to whole megabytes on the disk. */
  readonly bytes: number;
}

export interface GptDisk {
  /** A multiple of 1 MiB. */
  readonly bytes: number;
  /** The partitions' places, in the order given. */
  readonly offsets: readonly number[];
  /** The partition tables, at both ends of the disk. */
  readonly extents: readonly Extent[];
}

/**
 * A GUID partition table (UEFI specification 2.10, chapter 5) for partitions one behind the other, each on a megabyte's
 * boundary, with its copy at the disk's end.
 */
export function gptDisk(diskId: Uint8Array, partitions: readonly Partition[]): GptDisk {
  const offsets: number[] = [];
  let end = MIB;
  for (const { bytes } of partitions) {
    offsets.push(end);
    end += Math.ceil(bytes / MIB) * MIB;
  }
  const bytes = end + MIB;
  const lastSector = bytes / SECTOR - 1;
  const entries = Buffer.alloc(ENTRIES.count * ENTRIES.bytes);
  partitions.forEach((partition, index) => {
    const first = (offsets[index] ?? 0) / SECTOR;
    const sectors = Math.ceil(partition.bytes / MIB) * (MIB / SECTOR);
    entry(partition, first, first + sectors - 1).copy(entries, index * ENTRIES.bytes);
  });
  const header = (own: number, other: number, table: number): Buffer =>
    gptHeader({ diskId, own, other, table, lastSector, entries });
  const front = Buffer.concat([protectiveMbr(lastSector), header(1, lastSector, 2), entries]);
  const tableAtEnd = lastSector - ENTRIES.sectors;
  const back = Buffer.concat([entries, header(lastSector, 1, tableAtEnd)]);
  return {
    bytes,
    offsets,
    extents: [
      { offset: 0, bytes: front },
      { offset: tableAtEnd * SECTOR, bytes: back },
    ],
  };
}

/** 5.3.3 */
function entry({ type, id, name }: Partition, first: number, last: number): Buffer {
  const bytes = Buffer.alloc(ENTRIES.bytes);
  bytes.set(type, 0);
  bytes.set(id, 16);
  bytes.writeBigUInt64LE(BigInt(first), 32);
  bytes.writeBigUInt64LE(BigInt(last), 40);
  bytes.write(name, 56, 72, 'utf16le');
  return bytes;
}

/** 5.3.2; `own`, `other` and `table` are sectors: this header, its copy, its entries. */
function gptHeader(facts: {
  readonly diskId: Uint8Array;
  readonly own: number;
  readonly other: number;
  readonly table: number;
  readonly lastSector: number;
  readonly entries: Buffer;
}): Buffer {
  const sector = Buffer.alloc(SECTOR);
  sector.write('EFI PART', 0, 'latin1');
  sector.writeUInt32LE(0x0001_0000, 8);
  sector.writeUInt32LE(92, 12);
  sector.writeBigUInt64LE(BigInt(facts.own), 24);
  sector.writeBigUInt64LE(BigInt(facts.other), 32);
  sector.writeBigUInt64LE(BigInt(2 + ENTRIES.sectors), 40);
  sector.writeBigUInt64LE(BigInt(facts.lastSector - ENTRIES.sectors - 1), 48);
  sector.set(facts.diskId, 56);
  sector.writeBigUInt64LE(BigInt(facts.table), 72);
  sector.writeUInt32LE(ENTRIES.count, 80);
  sector.writeUInt32LE(ENTRIES.bytes, 84);
  sector.writeUInt32LE(crc32(facts.entries), 88);
  sector.writeUInt32LE(crc32(sector.subarray(0, 92)), 16);
  return sector;
}

/** 5.2.3: one partition over the whole disk, so that old tools leave it alone. */
function protectiveMbr(lastSector: number): Buffer {
  const sector = Buffer.alloc(SECTOR);
  const at = 446;
  sector.set([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], at);
  sector.writeUInt32LE(1, at + 8);
  sector.writeUInt32LE(Math.min(lastSector, 0xffff_ffff), at + 12);
  sector.set([0x55, 0xaa], 510);
  return sector;
}
