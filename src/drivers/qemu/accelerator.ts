import { access, constants } from 'node:fs/promises';
import { hostArch, type Arch } from '../../core/arch.ts';
import { systemErrorCode } from '../../core/errors.ts';
import type { QemuHost } from './host.ts';
import type { Accelerator } from './options.ts';

/** Why an accelerator is out of the question, found without a VM; undefined where only a VM can tell. */
export type QuickCheck = { readonly usable: false; readonly reason: string } | { readonly usable: 'perhaps' };

const HARDWARE: Readonly<Partial<Record<NodeJS.Platform, Accelerator>>> = {
  linux: 'kvm',
  darwin: 'hvf',
  win32: 'whpx',
};

/** This computer's hardware accelerator, or undefined where QEMU has none (then there is only tcg). */
export function hardwareAccelerator(platform: NodeJS.Platform): Accelerator | undefined {
  return HARDWARE[platform];
}

/** The accelerators to try for a guest, best first; `tcg` needs no trying. */
export async function quickCheck(host: QemuHost, accelerator: Accelerator, arch: Arch): Promise<QuickCheck> {
  if (arch !== hostArch(host.nodeArch)) {
    return { usable: false, reason: `an ${arch} guest on ${hostArch(host.nodeArch) ?? host.nodeArch}` };
  }
  if (accelerator === 'kvm') return checkKvm();
  if (accelerator === 'hvf') return checkHvf(host);
  return { usable: 'perhaps' };
}

async function checkKvm(): Promise<QuickCheck> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return { usable: 'perhaps' };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return { usable: false, reason: 'there is no /dev/kvm' };
    if (code === 'EACCES') {
      return { usable: false, reason: 'no permission for /dev/kvm: this user is not in the group kvm' };
    }
    throw error;
  }
}

/** Apple, Hypervisor framework: `kern.hv_support` is 1 where the processor and the (virtual) host allow it. */
async function checkHvf(host: QemuHost): Promise<QuickCheck> {
  const result = await host.exec.run(['/usr/sbin/sysctl', '-n', 'kern.hv_support']);
  return result.stdout.trim() === '1'
    ? { usable: 'perhaps' }
    : { usable: false, reason: 'HV_UNSUPPORTED: kern.hv_support is not 1' };
}

/** Whether this is an Apple processor with SME (M4 and later). */
export async function hasSme(host: QemuHost): Promise<boolean> {
  if (host.platform !== 'darwin' || host.nodeArch !== 'arm64') return false;
  const result = await host.exec.run(['/usr/sbin/sysctl', '-n', 'hw.optional.arm.FEAT_SME']);
  return result.stdout.trim() === '1';
}
