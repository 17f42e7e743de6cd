import type { Arch } from '../../core/arch.ts';
import { arm64Image } from './arm64-image.ts';
import { unpackBzImage } from './bzimage.ts';
import { kernelError } from './decompress.ts';
import { pvhEntry, trimElf } from './elf.ts';

/**
 * What QEMU's `-kernel` boots fastest, out of a Debian kernel package's `/boot/vmlinuz-*`: for amd64 the ELF vmlinux
 * with its PVH entry (the guest doesn't unpack itself), for arm64 the plain Image.
 * @throws KERNEL_FORMAT_UNSUPPORTED when it is something else, or has no PVH entry
 */
export async function extractKernel(arch: Arch, vmlinuz: Buffer): Promise<Buffer> {
  if (arch === 'arm64') return arm64Image(vmlinuz);
  const vmlinux = trimElf(await unpackBzImage(vmlinuz));
  if (pvhEntry(vmlinux) === undefined) throw kernelError('The kernel has no PVH entry point (CONFIG_PVH).');
  return vmlinux;
}
