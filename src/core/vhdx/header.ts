import { crc32c } from '../crc32c.ts';
import { MIB, OFFSETS, REGIONS } from './format.ts';

/** 2.2.2, 2.6.2.3: sixteen bytes each, as stored. Differencing disks name their parent by `data`. */
export interface VhdxIds {
  /** Changes when the file is opened for writing. */
  readonly file: Uint8Array;
  /** Changes with the data as the virtual machine sees it. */
  readonly data: Uint8Array;
  /** The disk's own, for SCSI's page 83. */
  readonly disk: Uint8Array;
}

interface Range {
  readonly offset: number;
  readonly bytes: number;
}

export interface Region extends Range {
  readonly kind: keyof typeof REGIONS;
}

/** The first megabyte (2.2): the file's identifier, two headers, two copies of the region table. */
export function headerSection(ids: VhdxIds, log: Range, regions: readonly Region[]): Buffer {
  const section = Buffer.alloc(MIB);
  section.write('vhdxfile', OFFSETS.fileIdentifier, 'latin1');
  section.write('Wherry', OFFSETS.fileIdentifier + 8, 'utf16le');
  OFFSETS.headers.forEach((offset, index) => header(ids, log, index + 1).copy(section, offset));
  for (const offset of OFFSETS.regionTables) regionTable(regions).copy(section, offset);
  return section;
}

/** 2.2.2; the one with the larger sequence number is the current one. An empty log has no GUID. */
function header(ids: VhdxIds, log: Range, sequence: number): Buffer {
  const bytes = Buffer.alloc(4096);
  bytes.write('head', 0, 'latin1');
  bytes.writeBigUInt64LE(BigInt(sequence), 8);
  bytes.set(ids.file, 16);
  bytes.set(ids.data, 32);
  bytes.writeUInt16LE(0, 64);
  bytes.writeUInt16LE(1, 66);
  bytes.writeUInt32LE(log.bytes, 68);
  bytes.writeBigUInt64LE(BigInt(log.offset), 72);
  return withChecksum(bytes);
}

/** 2.2.3 */
function regionTable(regions: readonly Region[]): Buffer {
  const bytes = Buffer.alloc(65_536);
  bytes.write('regi', 0, 'latin1');
  bytes.writeUInt32LE(regions.length, 8);
  regions.forEach(({ kind, offset, bytes: length }, index) => {
    const at = 16 + index * 32;
    REGIONS[kind].copy(bytes, at);
    bytes.writeBigUInt64LE(BigInt(offset), at + 16);
    bytes.writeUInt32LE(length, at + 24);
    bytes.writeUInt32LE(1, at + 28);
  });
  return withChecksum(bytes);
}

/** CRC-32C over the whole structure, its own field zero. */
function withChecksum(bytes: Buffer): Buffer {
  bytes.writeUInt32LE((crc32c(0xffff_ffff, bytes) ^ 0xffff_ffff) >>> 0, 4);
  return bytes;
}
