import { WherryError } from '../../core/errors.ts';
import type { MachineSpec } from '../driver.ts';
import { hardwareAccelerator, hasSme, quickCheck } from './accelerator.ts';
import type { Hardware } from './argv/machine.ts';
import type { QemuBinary } from './binary.ts';
import type { QemuHost } from './host.ts';
import type { Accelerator, QemuOptions } from './options.ts';
import { probe } from './probe.ts';
import { cachedProbe, probeKey } from './probe-cache.ts';

/** The probe needs no more than the kernel and its initrd. */
const PROBE_MEMORY_MIB = 512;

/**
 * The virtual hardware for a machine: its hardware accelerator if that has been seen to work, emulation otherwise,
 * with one note that says so. An accelerator that the user named is not replaced: error `ACCELERATOR_UNUSABLE`.
 */
export async function chooseHardware(
  host: QemuHost,
  spec: MachineSpec,
  qemu: QemuBinary,
  options: QemuOptions,
  context: {
    readonly stateDirectory: string;
    readonly signal: AbortSignal;
    /** What is known from earlier is told to a machine's first start, and to no later one. */
    readonly isFirstStart: boolean;
    readonly onNote: (note: string) => void;
  },
): Promise<Hardware> {
  const hardware = (accelerator: Accelerator): Hardware => ({
    arch: spec.arch,
    accelerator,
    version: qemu.version,
    cpus: spec.cpus,
    memoryMiB: spec.memoryMiB,
  });
  const wanted = options.accel === 'auto' ? hardwareAccelerator(host.platform) : options.accel;
  if (wanted === undefined || wanted === 'tcg') return hardware('tcg');
  const candidate = { ...hardware(wanted), sme: wanted === 'hvf' && (await hasSme(host)) };
  const refusal = await unusable(host, spec, qemu, candidate, context);
  if (refusal === undefined) return candidate;
  const { reason } = refusal;
  if (options.accel !== 'auto') {
    throw new WherryError({
      code: 'ACCELERATOR_UNUSABLE',
      message: `${wanted} is not usable here (${reason})`,
      hint: 'Without --qemu-accel Wherry uses emulation where nothing else works',
    });
  }
  if (refusal.found === 'now' || (refusal.found === 'before' && context.isFirstStart)) {
    context.onNote(
      `${wanted} is not usable here (${reason}); running under emulation (tcg), about 10× slower`,
    );
  }
  return hardware('tcg');
}

interface Refusal {
  readonly reason: string;
  /** By a test VM now or before, or at a look without one: then preflight has said it. */
  readonly found: 'now' | 'before' | 'at a look';
}

/** Why an accelerator doesn't serve this machine, or undefined. */
async function unusable(
  host: QemuHost,
  spec: MachineSpec,
  qemu: QemuBinary,
  hardware: Hardware,
  context: { readonly stateDirectory: string; readonly signal: AbortSignal },
): Promise<Refusal | undefined> {
  const quick = await quickCheck(host, hardware.accelerator, spec.arch);
  if (quick.usable === false) return { reason: quick.reason, found: 'at a look' };
  const key = await probeKey(host, [qemu.path, qemu.version.text, spec.image.id, hardware.accelerator]);
  const small = { ...hardware, memoryMiB: PROBE_MEMORY_MIB };
  let found: Refusal['found'] = 'before';
  const result = await cachedProbe(host, context.stateDirectory, key, () => {
    found = 'now';
    return probe(host, qemu.path, spec.image, small, context.signal);
  });
  return result.usable ? undefined : { reason: result.reason, found };
}
