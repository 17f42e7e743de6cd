import type { Arch } from '../../core/arch.ts';
import { WherryError } from '../../core/errors.ts';
import type { PreflightFinding } from '../driver.ts';
import { hardwareAccelerator, quickCheck } from './accelerator.ts';
import { fixCommand } from '../install-fix.ts';
import { findQemu, type QemuBinary } from './binary.ts';
import type { QemuHost } from './host.ts';
import { installQemu } from './install.ts';

/** Is there a QEMU for this guest, and may it be fast? Looks only; whether an accelerator works is seen at the first start. */
export async function preflight(host: QemuHost, arch: Arch): Promise<readonly PreflightFinding[]> {
  return [await qemuFinding(host, arch), ...(await acceleratorFindings(host, arch))];
}

async function qemuFinding(host: QemuHost, arch: Arch): Promise<PreflightFinding> {
  const subject = 'QEMU';
  try {
    const { version, path } = await findQemu(host, arch);
    return { level: 'ok', subject, message: `QEMU ${version.major}.${version.minor} (${path})` };
  } catch (error) {
    if (!(error instanceof WherryError)) throw error;
    const fix = error.code === 'QEMU_MISSING' ? await installQemu(host, arch) : undefined;
    return { level: 'error', subject, message: error.message, fix };
  }
}

async function acceleratorFindings(host: QemuHost, arch: Arch): Promise<PreflightFinding[]> {
  const accelerator = hardwareAccelerator(host.platform);
  if (accelerator === undefined) return [];
  const check = await quickCheck(host, accelerator, arch);
  if (check.usable === false) {
    const message = `${accelerator} is not usable here (${check.reason}); machines run under emulation (tcg), about 10× slower`;
    return [{ level: 'note', subject: 'Accelerator', message }];
  }
  return [
    { level: 'ok', subject: 'Accelerator', message: `${accelerator} (tried out at a machine's start)` },
  ];
}

/** {@link findQemu} for those who need it now: a missing one comes with the command that installs it. */
export async function requireQemu(host: QemuHost, arch: Arch, setting?: string): Promise<QemuBinary> {
  try {
    return await findQemu(host, arch, setting);
  } catch (error) {
    if (!(error instanceof WherryError) || error.code !== 'QEMU_MISSING' || setting !== undefined)
      throw error;
    const fix = await installQemu(host, arch);
    if (fix === undefined) throw error;
    const hint = `Install it with:  ${fixCommand(fix, host.uid)}\nOr let Wherry do it:  wherry doctor --fix`;
    throw new WherryError({ code: error.code, message: error.message, hint, cause: error });
  }
}
