import { createHash } from 'node:crypto';
import type { Arch } from '../../core/arch.ts';
import { guidBytes, guidFromDigest } from '../../core/guid.ts';
import type { VhdxIds } from '../../core/vhdx/header.ts';
import type { Extent } from './extent.ts';
import { fat32, fat32Bytes } from './fat32.ts';
import { gptDisk } from './gpt.ts';

/** UEFI specification 2.10, 5.3.3, and the UAPI group's "Discoverable Partitions Specification" for Linux data. */
const TYPES = {
  esp: guidBytes('C12A7328-F81F-11D2-BA4B-00A0C93EC93B'),
  linux: guidBytes('0FC63DAF-8483-4772-8E79-3D69D8477DE4'),
} as const;

/** What firmware starts from a disk that it knows nothing else of (UEFI specification 2.10, 3.5.1.1). */
const BOOT_FILE: Readonly<Record<Arch, string>> = { amd64: 'BOOTX64.EFI', arm64: 'BOOTAA64.EFI' };

/** The system partition's name, by which the initrd finds it: `wherry.root=PARTNAME=wherry-system`. */
export const SYSTEM_PARTITION = 'wherry-system';

export interface UefiDisk {
  readonly bytes: number;
  readonly extents: readonly Extent[];
  readonly ids: VhdxIds;
}

/**
 * The disk that any UEFI boots: an EFI system partition (FAT32) with the unified kernel image, and the system's EROFS as the
 * second partition: one disk for a virtual machine to have a copy of. `digest` (16 bytes or more) stands for the whole
 * content; every id on the disk is made from it.
 */
export function uefiDisk(parts: {
  readonly arch: Arch;
  readonly uki: Uint8Array;
  readonly system: { readonly file: string; readonly bytes: number };
  readonly digest: Uint8Array;
}): UefiDisk {
  const { arch, uki, system, digest } = parts;
  const id = (use: string): Buffer =>
    guidFromDigest(createHash('sha256').update(use).update(digest).digest());
  const files = [{ path: ['EFI', 'BOOT', BOOT_FILE[arch]], data: uki }];
  const disk = gptDisk(id('disk'), [
    { type: TYPES.esp, id: id('esp'), name: 'EFI system', bytes: fat32Bytes(files) },
    { type: TYPES.linux, id: id('system'), name: SYSTEM_PARTITION, bytes: system.bytes },
  ]);
  const [espOffset = 0, systemOffset = 0] = disk.offsets;
  const esp = fat32(files, { offset: espOffset, serial: id('fat').readUInt32LE(0), label: 'WHERRY' });
  return {
    bytes: disk.bytes,
    extents: [...disk.extents, ...esp, { offset: systemOffset, file: system.file, length: system.bytes }],
    ids: { file: id('vhdx file'), data: id('vhdx data'), disk: id('vhdx disk') },
  };
}
