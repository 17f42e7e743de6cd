import { WherryError } from '../../core/errors.ts';

/** A section to be added to a PE image. */
export interface PeSection {
  /** At most eight bytes: `.linux`. */
  readonly name: string;
  readonly data: Uint8Array;
  /** What it takes in memory, where that is more than its data. */
  readonly memoryBytes?: number | undefined;
}

/** Offsets and sizes of Microsoft's "PE Format": COFF file header, PE32+ optional header, section table. */
const POINTER_TO_PE = 0x3c;
const COFF = { sections: 2, optionalHeaderBytes: 16, bytes: 20 } as const;
const OPTIONAL = {
  magic: 0,
  sectionAlignment: 32,
  fileAlignment: 36,
  imageBytes: 56,
  headerBytes: 60,
  checksum: 64,
} as const;
const PE32_PLUS = 0x20b;
const SECTION_BYTES = 40;
/** IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ */
const READABLE_DATA = 0x4000_0040;

interface PeLayout {
  readonly coff: number;
  readonly optional: number;
  readonly sectionTable: number;
  readonly sections: number;
  readonly sectionAlignment: number;
  readonly fileAlignment: number;
}

function layoutOf(image: Buffer): PeLayout {
  const pe = image.length > POINTER_TO_PE + 4 ? image.readUInt32LE(POINTER_TO_PE) : image.length;
  if (image.toString('latin1', 0, 2) !== 'MZ' || image.toString('latin1', pe, pe + 4) !== 'PE\0\0')
    throw peError('it is no PE image');
  const coff = pe + 4;
  const optional = coff + COFF.bytes;
  if (image.readUInt16LE(optional + OPTIONAL.magic) !== PE32_PLUS) throw peError('it is not PE32+');
  return {
    coff,
    optional,
    sectionTable: optional + image.readUInt16LE(coff + COFF.optionalHeaderBytes),
    sections: image.readUInt16LE(coff + COFF.sections),
    sectionAlignment: image.readUInt32LE(optional + OPTIONAL.sectionAlignment),
    fileAlignment: image.readUInt32LE(optional + OPTIONAL.fileAlignment),
  };
}

/** The memory that a PE image takes when it is loaded (SizeOfImage). */
export function peMemoryBytes(image: Buffer): number {
  return image.readUInt32LE(layoutOf(image).optional + OPTIONAL.imageBytes);
}

/**
 * A PE image with sections added behind its own, in memory and in the file, in the order given.
 * @throws PE_UNSUPPORTED where its headers have no room for them
 */
export function appendSections(image: Buffer, added: readonly PeSection[]): Buffer {
  const pe = layoutOf(image);
  const { sectionTable, sectionAlignment, fileAlignment } = pe;
  const headerBytes = image.readUInt32LE(pe.optional + OPTIONAL.headerBytes);
  const tableEnd = sectionTable + (pe.sections + added.length) * SECTION_BYTES;
  if (tableEnd > headerBytes) throw peError(`its headers have no room for ${added.length} more sections`);

  let memory = alignUp(image.readUInt32LE(pe.optional + OPTIONAL.imageBytes), sectionAlignment);
  const head = Buffer.alloc(alignUp(image.length, fileAlignment));
  image.copy(head);
  const parts = [head];
  let fileOffset = head.length;
  added.forEach(({ name, data, memoryBytes }, index) => {
    if (Buffer.byteLength(name) > 8) throw new RangeError(`${name} is too long for a section's name`);
    const stored = Buffer.alloc(alignUp(data.length, fileAlignment));
    stored.set(data);
    const virtualBytes = Math.max(data.length, memoryBytes ?? 0);
    const header = Buffer.alloc(SECTION_BYTES);
    header.write(name, 0, 'latin1');
    header.writeUInt32LE(virtualBytes, 8);
    header.writeUInt32LE(memory, 12);
    header.writeUInt32LE(stored.length, 16);
    header.writeUInt32LE(fileOffset, 20);
    header.writeUInt32LE(READABLE_DATA, 36);
    header.copy(head, sectionTable + (pe.sections + index) * SECTION_BYTES);
    parts.push(stored);
    fileOffset += stored.length;
    memory = alignUp(memory + virtualBytes, sectionAlignment);
  });
  head.writeUInt16LE(pe.sections + added.length, pe.coff + COFF.sections);
  head.writeUInt32LE(memory, pe.optional + OPTIONAL.imageBytes);
  // Firmware doesn't look at it, and it would no longer be right.
  head.writeUInt32LE(0, pe.optional + OPTIONAL.checksum);
  return Buffer.concat(parts);
}

/** The sections of a PE image: name to data, as long as the section says. */
export function peSections(image: Buffer): Map<string, Buffer> {
  const pe = layoutOf(image);
  const sections = new Map<string, Buffer>();
  for (let index = 0; index < pe.sections; index += 1) {
    const at = pe.sectionTable + index * SECTION_BYTES;
    const name = image.toString('latin1', at, at + 8).replace(/\0+$/, '');
    const bytes = Math.min(image.readUInt32LE(at + 8), image.readUInt32LE(at + 16));
    const offset = image.readUInt32LE(at + 20);
    sections.set(name, image.subarray(offset, offset + bytes));
  }
  return sections;
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function peError(why: string): WherryError {
  return new WherryError({
    code: 'PE_UNSUPPORTED',
    message: `The UEFI boot stub can't be used: ${why}`,
  });
}
