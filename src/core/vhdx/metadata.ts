import { LOGICAL_SECTOR, METADATA, METADATA_FLAGS, MIB, PHYSICAL_SECTOR } from './format.ts';

interface Item {
  readonly id: Uint8Array;
  readonly flags: number;
  readonly value: Buffer;
}

/** 2.6.1: the table has the region's first 64 KiB, the values lie behind it. */
const VALUES_OFFSET = 65_536;

/** The metadata region (2.6): a table of the items, then their values. */
export function metadataRegion(disk: {
  readonly virtualBytes: number;
  readonly blockBytes: number;
  readonly diskId: Uint8Array;
}): Buffer {
  const ofDisk = METADATA_FLAGS.virtualDisk | METADATA_FLAGS.required;
  const items: readonly Item[] = [
    { id: METADATA.fileParameters, flags: METADATA_FLAGS.required, value: uint64(disk.blockBytes) },
    { id: METADATA.virtualDiskSize, flags: ofDisk, value: uint64(disk.virtualBytes) },
    { id: METADATA.virtualDiskId, flags: ofDisk, value: Buffer.from(disk.diskId) },
    { id: METADATA.logicalSectorSize, flags: ofDisk, value: uint32(LOGICAL_SECTOR) },
    { id: METADATA.physicalSectorSize, flags: ofDisk, value: uint32(PHYSICAL_SECTOR) },
  ];
  const region = Buffer.alloc(MIB);
  region.write('metadata', 0, 'latin1');
  region.writeUInt16LE(items.length, 10);
  let at = VALUES_OFFSET;
  items.forEach(({ id, flags, value }, index) => {
    const entry = 32 + index * 32;
    region.set(id, entry);
    region.writeUInt32LE(at, entry + 16);
    region.writeUInt32LE(value.length, entry + 20);
    region.writeUInt32LE(flags, entry + 24);
    value.copy(region, at);
    at += value.length;
  });
  return region;
}

/** File parameters (2.6.2.1) are a 32-bit block size and 32 bits of flags: none is set, so the disk is dynamic. */
function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
