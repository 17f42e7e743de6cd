import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { WherryError } from '../../core/errors.ts';

/** Larger than any kernel that Debian ships, small enough that a forged one can't take the memory. */
const MAX_KERNEL = 512 * 1024 * 1024;

/** First bytes of what kernels are packed with (Linux, lib/decompress.c, and the formats' own descriptions). */
const MAGICS: readonly (readonly [name: string, magic: string])[] = [
  ['gzip', '1f8b'],
  ['zstd', '28b52ffd'],
  ['xz', 'fd377a585a00'],
  ['lz4', '02214c18'],
  ['bzip2', '425a68'],
  ['lzo', '894c5a4f'],
  ['lzma', '5d0000'],
];

export function kernelError(message: string): WherryError {
  return new WherryError({ code: 'KERNEL_FORMAT_UNSUPPORTED', message });
}

/** What a payload is compressed with, or undefined when its first bytes are none that is known. */
export function compressionOf(payload: Buffer): string | undefined {
  return MAGICS.find(([, magic]) => payload.toString('hex', 0, magic.length / 2) === magic)?.[0];
}

/**
 * Unpacks a kernel's payload: gzip and zstd, which is what Debian's kernels use. (xz kernels are run through a
 * branch filter that no decoder here has.) Nothing may follow the compressed stream.
 * @throws KERNEL_FORMAT_UNSUPPORTED for another compression, naming it
 */
export async function decompressKernel(payload: Buffer): Promise<Buffer> {
  const name = compressionOf(payload);
  const limits = { maxOutputLength: MAX_KERNEL };
  if (name === 'gzip') return promisify(gunzip)(payload, limits);
  if (name === 'zstd') return promisify(zstdDecompress)(payload, limits);
  throw kernelError(
    `The kernel is compressed with ${name ?? 'something unknown'}; only gzip and zstd can be read.`,
  );
}
