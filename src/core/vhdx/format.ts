import { guidBytes } from '../guid.ts';

/** The numbers and names of [MS-VHDX] (version 8.0, "Virtual Hard Disk v2 (VHDX) File Format"), by its sections. */

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** 2.2: the five parts of the header section, in its first megabyte. */
export const OFFSETS = {
  fileIdentifier: 0,
  headers: [64 * KIB, 128 * KIB],
  regionTables: [192 * KIB, 256 * KIB],
} as const;

/** 2.2.3.2 */
export const REGIONS = {
  bat: guidBytes('2DC27766-F623-4200-9D64-115E9BFD4A08'),
  metadata: guidBytes('8B7CA206-4790-4B9A-B8FE-575F050F886E'),
} as const;

/** 2.6.2 */
export const METADATA = {
  fileParameters: guidBytes('CAA16737-FA36-4D43-B3B6-33F0AA44E76B'),
  virtualDiskSize: guidBytes('2FA54224-CD1B-4876-B211-5DBED83BF4B8'),
  virtualDiskId: guidBytes('BECA12AB-B2E6-4523-93EF-C309E000C746'),
  logicalSectorSize: guidBytes('8141BF1D-A96F-4709-BA47-F233A8FAAB5F'),
  physicalSectorSize: guidBytes('CDA348C7-445D-4471-9CC9-E9885251C556'),
} as const;

/** 2.6.1.2: who a metadata item is about, and whether a reader must know it. */
export const METADATA_FLAGS = { virtualDisk: 2, required: 4 } as const;

/** 2.5.1.1: the states of a payload block that a dynamic disk without a parent has here. */
export const BLOCK_STATES = { notPresent: 0n, fullyPresent: 6n } as const;

export const LOGICAL_SECTOR = 512;
export const PHYSICAL_SECTOR = 4096;
