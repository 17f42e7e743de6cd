import type { Arch } from '../../../core/arch.ts';
import type { Accelerator } from '../options.ts';
import { isBefore, type QemuVersion } from '../version.ts';

/** What decides the virtual hardware. */
export interface Hardware {
  readonly arch: Arch;
  readonly accelerator: Accelerator;
  readonly version: QemuVersion;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** An Apple processor with SME (M4 and later): hvf has no `-cpu host` there. */
  readonly sme?: boolean | undefined;
}

/** Board, accelerator, processor and memory. Display, firmware settings and default devices are off. */
export function machineArguments(hardware: Hardware): string[] {
  return [
    '-nodefaults',
    '-no-user-config',
    '-no-reboot',
    '-display',
    'none',
    '-monitor',
    'none',
    '-parallel',
    'none',
    '-vga',
    'none',
    '-machine',
    board(hardware),
    '-accel',
    accelerator(hardware),
    '-cpu',
    cpu(hardware),
    '-smp',
    `cpus=${hardware.cpus}`,
    '-m',
    `size=${hardware.memoryMiB}M`,
  ];
}

function board(hardware: Hardware): string {
  // microvm hung in 3 of 7 boots (QEMU 7.2); q35 and pc boot an ELF kernel through PVH reliably.
  if (hardware.arch === 'amd64') return 'q35,usb=off,sata=off,smbus=off,vmport=off';
  switch (hardware.accelerator) {
    case 'tcg':
      return 'virt,gic-version=3';
    case 'kvm':
      // Servers' interrupt controllers are GICv3 without v2 emulation, small boards' are v2: QEMU asks KVM.
      return 'virt,gic-version=host';
    default:
      // GICv2 is QEMU's default and ends at 8 processors.
      return hardware.cpus > 8 ? 'virt,gic-version=3' : 'virt';
  }
}

function accelerator(hardware: Hardware): string {
  switch (hardware.accelerator) {
    case 'tcg':
      return 'tcg,thread=multi,tb-size=512';
    case 'whpx':
      return isBefore(hardware.version, 11) ? 'whpx,kernel-irqchip=off' : 'whpx';
    default:
      return hardware.accelerator;
  }
}

function cpu(hardware: Hardware): string {
  const amd64 = hardware.arch === 'amd64';
  switch (hardware.accelerator) {
    case 'tcg':
      // "Enhanced rep movsb" is what a kernel and a libc then copy and clear memory with; emulated, it is a loop over bytes.
      // The architected pointer-authentication hash is most of an emulated arm64 kernel's time (12.8 → 4.2 s).
      return amd64 ? 'max,-erms' : 'max,pauth-impdef=on';
    case 'hvf':
      if (amd64) return 'host,-avx512vl,-pdpe1gb';
      return hardware.sme === true ? 'max' : 'host';
    case 'whpx':
      return isWhpxHostCpu(hardware.version) || !amd64 ? 'host' : 'qemu64';
    default:
      return 'host';
  }
}

/** `-cpu host` works under whpx from QEMU 11.1.1. */
function isWhpxHostCpu(version: QemuVersion): boolean {
  if (!isBefore(version, 11, 2)) return true;
  const patch = Number(/^\d+\.\d+\.(\d+)/.exec(version.text)?.[1] ?? 0);
  return version.major === 11 && version.minor === 1 && patch >= 1;
}
