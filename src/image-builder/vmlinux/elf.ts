import { kernelError } from './decompress.ts';

/** ELF-64, little-endian, x86-64 (System V ABI, gABI 4.1 and its AMD64 supplement). */
const IDENT = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const MACHINE_X86_64 = 62;
const PT_NOTE = 4;

/** XEN_ELFNOTE_PHYS32_ENTRY (Linux, include/xen/interface/elfnote.h): the 32-bit entry that PVH boots through. */
const PHYS32_ENTRY = 18;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly fileSize: number;
}

/** Checks the header. @throws KERNEL_FORMAT_UNSUPPORTED for anything but an x86-64 ELF */
function segmentsOf(elf: Buffer): Segment[] {
  if (
    elf.length < 64 ||
    !elf.subarray(0, IDENT.length).equals(IDENT) ||
    elf.readUInt16LE(18) !== MACHINE_X86_64
  )
    throw kernelError('The unpacked kernel is not an x86-64 ELF file.');
  const start = Number(elf.readBigUInt64LE(32));
  const size = elf.readUInt16LE(54);
  const segments = Array.from({ length: elf.readUInt16LE(56) }, (_, index) => {
    const header = elf.subarray(start + index * size, start + (index + 1) * size);
    if (header.length < 56) throw kernelError("The unpacked kernel's program headers are cut short.");
    const [offset, fileSize] = [Number(header.readBigUInt64LE(8)), Number(header.readBigUInt64LE(32))];
    return { type: header.readUInt32LE(0), offset, fileSize };
  });
  if (segments.some(({ offset, fileSize }) => offset + fileSize > elf.length))
    throw kernelError('The unpacked kernel is shorter than its program headers say.');
  return segments;
}

/** The ELF file alone: what its headers, segments and section table span, without what the kernel's build appends. */
export function trimElf(elf: Buffer): Buffer {
  const segments = segmentsOf(elf);
  const sections = Number(elf.readBigUInt64LE(40)) + elf.readUInt16LE(58) * elf.readUInt16LE(60);
  const end = Math.max(sections, ...segments.map(({ offset, fileSize }) => offset + fileSize));
  if (end > elf.length) throw kernelError('The unpacked kernel is shorter than its section table says.');
  return elf.subarray(0, end);
}

/** The physical address of the PVH entry point, or undefined when the kernel was built without CONFIG_PVH. */
export function pvhEntry(elf: Buffer): number | undefined {
  for (const { type, offset, fileSize } of segmentsOf(elf)) {
    if (type !== PT_NOTE) continue;
    const notes = elf.subarray(offset, offset + fileSize);
    let at = 0;
    while (at + 12 <= notes.length) {
      const nameSize = notes.readUInt32LE(at);
      const descSize = notes.readUInt32LE(at + 4);
      const desc = at + 12 + Math.ceil(nameSize / 4) * 4;
      const isXen = notes.toString('latin1', at + 12, at + 12 + nameSize) === 'Xen\0';
      if (isXen && notes.readUInt32LE(at + 8) === PHYS32_ENTRY && descSize >= 4)
        return notes.readUInt32LE(desc);
      at = desc + Math.ceil(descSize / 4) * 4;
    }
  }
  return undefined;
}
