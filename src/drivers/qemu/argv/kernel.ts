import type { Arch } from '../../../core/arch.ts';
import { corruptsCmpxchg16b } from '../version.ts';
import type { Hardware } from './machine.ts';

/** The guest's address under QEMU's user-mode network: own address, gateway, DNS (QEMU docs, "Using the user mode network stack"). */
const USER_NETWORK = '10.0.2.15/24,10.0.2.2,10.0.2.3';

/** Emulation only: under an accelerator each of these would cost security or exactness and win nothing. */
const TCG_WORDS = ['mitigations=off', 'random.trust_cpu=on', 'rcupdate.rcu_expedited=1', 'cryptomgr.notests'];
/** Words that only an x86 kernel knows: another one would hand them to init. */
const TCG_AMD64_WORDS = [
  'tsc=reliable',
  'no_timer_check',
  '8250.nr_uarts=1',
  'i8042.nokbd',
  'i8042.noaux',
  // For the image's scripts: vector instructions are slow here.
  'wherry.cpu=emulated',
];

/**
 * The image's own command line and what this accelerator and console need. `panic=-1` turns a panic into an immediate
 * reset, which `-no-reboot` turns into QEMU's exit: that is how the host hears of it.
 */
export function kernelCommandLine(imageCommandLine: string, hardware: Hardware): string {
  return [
    ...imageCommandLine.split(/\s+/).filter((word) => word !== ''),
    `console=${consoleOf(hardware.arch)}`,
    'panic=-1',
    ...tcgWords(hardware),
    `wherry.net=${USER_NETWORK}`,
  ].join(' ');
}

function consoleOf(arch: Arch): string {
  return arch === 'amd64' ? 'ttyS0' : 'ttyAMA0';
}

function tcgWords(hardware: Hardware): string[] {
  if (hardware.accelerator !== 'tcg') return [];
  if (hardware.arch !== 'amd64') return TCG_WORDS;
  // clearcpuid keeps the kernel off the instruction; masking it with -cpu would take x86-64-v2 from user space too.
  return [
    ...TCG_WORDS,
    ...TCG_AMD64_WORDS,
    ...(corruptsCmpxchg16b(hardware.version) ? ['clearcpuid=cx16'] : []),
  ];
}

export function kernelArguments(
  image: { readonly kernel: string; readonly initrd: string },
  commandLine: string,
): string[] {
  return ['-kernel', image.kernel, '-initrd', image.initrd, '-append', commandLine];
}
