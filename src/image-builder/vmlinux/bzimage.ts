import { compressionOf, decompressKernel, kernelError } from './decompress.ts';

/** Offsets of the setup header's fields (Linux, Documentation/arch/x86/boot.rst). */
const AT = { setupSects: 0x1f1, bootFlag: 0x1fe, magic: 0x202, version: 0x206, payload: 0x248 } as const;

/** `HdrS` */
const MAGIC = 0x5372_6448;
const SECTOR = 512;
/** Where an old image says nothing, it has 4 setup sectors. */
const DEFAULT_SECTS = 4;

/** The compressed kernel inside a bzImage, and how long it is when unpacked. */
interface BzImagePayload {
  readonly payload: Buffer;
  /** Bytes; from the 4 bytes behind (in gzip: at the end of) the compressed stream. */
  readonly unpackedLength: number;
}

function isBzImage(image: Buffer): boolean {
  return (
    image.length > 0x260 &&
    image.readUInt16LE(AT.bootFlag) === 0xaa55 &&
    image.readUInt32LE(AT.magic) === MAGIC
  );
}

/** Finds the payload of a bzImage. @throws KERNEL_FORMAT_UNSUPPORTED before boot protocol 2.08, or when cut short */
function bzImagePayload(image: Buffer): BzImagePayload {
  if (!isBzImage(image)) throw kernelError('The kernel is not an x86 bzImage.');
  const version = image.readUInt16LE(AT.version);
  if (version < 0x208)
    throw kernelError(`The kernel's boot protocol 0x${version.toString(16)} is older than 2.08.`);
  const setupSects = image.readUInt8(AT.setupSects) || DEFAULT_SECTS;
  const start = (setupSects + 1) * SECTOR + image.readUInt32LE(AT.payload);
  const length = image.readUInt32LE(AT.payload + 4);
  if (length < 8 || start + length > image.length)
    throw kernelError('The bzImage is shorter than its header says.');
  const whole = image.subarray(start, start + length);
  const unpackedLength = whole.readUInt32LE(length - 4);
  // gzip ends with that length itself; behind the others the kernel's build appends it.
  const payload = compressionOf(whole) === 'gzip' ? whole : whole.subarray(0, -4);
  return { payload, unpackedLength };
}

/** The ELF vmlinux that a bzImage unpacks at boot, followed by its relocations for KASLR where it has some. */
export async function unpackBzImage(image: Buffer): Promise<Buffer> {
  const { payload, unpackedLength } = bzImagePayload(image);
  const kernel = await decompressKernel(payload);
  if (kernel.length !== unpackedLength)
    throw kernelError(`The kernel unpacked to ${kernel.length} bytes and should have ${unpackedLength}.`);
  return kernel;
}
