import { hostArch, type Arch } from '../../core/arch.ts';
import { WherryError } from '../../core/errors.ts';

/** The architecture of a guest where none was asked for. @throws WherryError ARCH_UNSUPPORTED */
export function defaultArch(): Arch {
  const arch = hostArch();
  if (arch === undefined) {
    throw new WherryError({
      code: 'ARCH_UNSUPPORTED',
      message: `Wherry has no VM for this computer's architecture (${process.arch})`,
      hint: 'Try:  wherry machine create --arch amd64',
    });
  }
  return arch;
}
