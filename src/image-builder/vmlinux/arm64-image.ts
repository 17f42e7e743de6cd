import { decompressKernel, kernelError } from './decompress.ts';

/** `ARM\x64` at byte 56 (Linux, Documentation/arch/arm64/booting.rst). */
const IMAGE_MAGIC = 0x644d_5241;

/** An EFI zboot image: `MZ`, then `zimg` at byte 4 (Linux, drivers/firmware/efi/libstub/zboot-header.S). */
const ZBOOT = { magicAt: 4, magic: 'zimg', offsetAt: 8, sizeAt: 12 } as const;

function isImage(bytes: Buffer): boolean {
  return bytes.length >= 64 && bytes.readUInt32LE(56) === IMAGE_MAGIC;
}

/**
 * The plain arm64 Image in Debian's /boot/vmlinuz, whichever way it is packed: as it is, gzip or zstd around it, or as
 * an EFI zboot image. @throws KERNEL_FORMAT_UNSUPPORTED for anything else
 */
export async function arm64Image(vmlinuz: Buffer): Promise<Buffer> {
  if (isImage(vmlinuz)) return vmlinuz;
  const unpacked = await decompressKernel(isZboot(vmlinuz) ? zbootPayload(vmlinuz) : vmlinuz);
  if (!isImage(unpacked)) throw kernelError('The unpacked kernel is not an arm64 Image.');
  return unpacked;
}

function isZboot(bytes: Buffer): boolean {
  const { magicAt, magic } = ZBOOT;
  return bytes.toString('latin1', 0, 2) === 'MZ' && bytes.toString('latin1', magicAt, magicAt + 4) === magic;
}

function zbootPayload(bytes: Buffer): Buffer {
  const offset = bytes.readUInt32LE(ZBOOT.offsetAt);
  const size = bytes.readUInt32LE(ZBOOT.sizeAt);
  if (offset + size > bytes.length) throw kernelError('The EFI zboot image is shorter than its header says.');
  return bytes.subarray(offset, offset + size);
}
