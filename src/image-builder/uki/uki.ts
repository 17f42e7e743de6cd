import { appendSections, peMemoryBytes } from './pe.ts';

/** What a unified kernel image is made of. */
export interface UkiParts {
  /** systemd-boot's stub for the architecture (`linuxx64.efi.stub`). */
  readonly stub: Buffer;
  /** A kernel that is a UEFI program itself: x86's bzImage. */
  readonly kernel: Buffer;
  readonly initrd: Uint8Array;
  readonly commandLine: string;
  readonly kernelVersion: string;
  /** os-release(5), which firmware menus show. */
  readonly osRelease: Uint8Array;
}

/**
 * A unified kernel image (UAPI group's specification "Unified Kernel Image"): the stub, which firmware starts, with all
 * that it needs as sections of its own. The kernel comes last and with the memory that it takes: the stub may start it where
 * it lies.
 */
export function unifiedKernelImage(parts: UkiParts): Buffer {
  return appendSections(parts.stub, [
    { name: '.osrel', data: parts.osRelease },
    { name: '.cmdline', data: Buffer.from(parts.commandLine) },
    { name: '.uname', data: Buffer.from(parts.kernelVersion) },
    { name: '.initrd', data: parts.initrd },
    { name: '.linux', data: parts.kernel, memoryBytes: peMemoryBytes(parts.kernel) },
  ]);
}
