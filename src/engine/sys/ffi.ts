import koffi from 'koffi';
import type { LibraryHandle } from 'koffi';
import { SyscallError } from './errno.ts';

/*
 * Calls into libc in this process: about 8 µs each, where a helper process costs tens of milliseconds under emulation.
 * Every call is synchronous and runs on Node's main thread, which is what setns and unshare rely on.
 */

/** What a call takes; each binding narrows it to the C prototype's own parameters. */
export type Argument = string | number | bigint | Uint8Array | null;

type CFunction = (...args: Argument[]) => number;

let library: LibraryHandle | undefined;

/** Loaded at the first use, so that importing this module works on any platform. */
function libc(): LibraryHandle {
  library ??= koffi.load('libc.so.6');
  return library;
}

/** Loads libc and makes a first call, so that later ones don't wait for it. */
export function warmUp(): void {
  libcFunction('int getppid()')();
}

/**
 * A libc function that answers -1 and sets errno when it fails.
 *
 * @param definition a C prototype in koffi's notation, e.g. `int umount2(const char *target, int flags)`;
 *   use `long` where C says ssize_t
 * @throws SyscallError on -1; EINVAL for a string that contains NUL, which C would cut short
 */
export function libcFunction(definition: string): CFunction {
  const name = /([\w]+)\s*\(/.exec(definition)?.[1] ?? definition;
  return checked(name, () => libc().func(definition));
}

/**
 * A system call by its number, for those that libc may not wrap.
 *
 * @param parameters koffi's notation of its parameters, e.g. `const char *fs, unsigned int flags`
 * @throws SyscallError as {@link libcFunction}
 */
export function systemCall(name: string, number: number, parameters: string): CFunction {
  // syscall(2) is variadic in C, but on x86-64 and arm64 Linux variadic arguments of these classes travel in the
  // same registers as declared ones.
  const call = checked(name, () => libc().func(`long syscall(long number, ${parameters})`));
  return (...args) => call(number, ...args);
}

function checked(name: string, bind: () => (...args: unknown[]) => unknown): CFunction {
  let bound: ((...args: unknown[]) => unknown) | undefined;
  return (...args) => {
    for (const argument of args) {
      if (typeof argument === 'string' && argument.includes('\0')) {
        throw new SyscallError(name, EINVAL, '(a string with a NUL byte)');
      }
    }
    bound ??= bind();
    const result = Number(bound(...args));
    if (result === -1) throw new SyscallError(name, koffi.errno(), describe(args));
    return result;
  };
}

const EINVAL = 22;

/** Paths make an error readable; numbers and buffers don't. */
function describe(args: readonly Argument[]): string {
  return args.filter((argument) => typeof argument === 'string' && argument !== '').join(' ');
}
