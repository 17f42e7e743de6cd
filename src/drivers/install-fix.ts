import { WherryError } from '../core/errors.ts';
import type { Exec } from '../platform/exec.ts';
import type { PreflightFix } from './driver.ts';

export interface InstallOptions {
  /** Asked once, with the whole command as it would be typed; false leaves everything as it is. */
  readonly consent: (command: string) => Promise<boolean>;
  readonly exec: Exec;
  /** Undefined on Windows, 0 for root. */
  readonly uid: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `inherit` lets a package manager draw its progress and sudo ask for a password; `capture` is silent. */
  readonly stdio?: 'capture' | 'inherit' | undefined;
}

/** Debian's debconf must not ask: there may be nobody to answer. */
const ENVIRONMENT = { DEBIAN_FRONTEND: 'noninteractive' };

/** The fix as one would type it: `sudo apt-get install …` for those who aren't root. */
export function fixCommand(fix: PreflightFix, uid: number | undefined): string {
  return asUser(fix, fix.argv, uid).join(' ');
}

/** Runs a preflight's fix if that is agreed to; false if it wasn't. Errors: `INSTALL_FAILED`, `SUDO_MISSING`. */
export async function installFix(fix: PreflightFix, options: InstallOptions): Promise<boolean> {
  const command = fixCommand(fix, options.uid);
  if (!(await options.consent(command))) return false;
  for (const argv of [...(fix.before ?? []), fix.argv]) {
    await runStep(fix, argv, command, options);
  }
  return true;
}

async function runStep(
  fix: PreflightFix,
  argv: readonly string[],
  command: string,
  options: InstallOptions,
): Promise<void> {
  const full = asUser(fix, argv, options.uid);
  try {
    await options.exec.check(full, {
      stdio: options.stdio ?? 'capture',
      env: ENVIRONMENT,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    if (!(error instanceof WherryError)) throw error;
    if (error.code === 'EXEC_NOT_FOUND' && full[0] === 'sudo') {
      throw new WherryError({
        code: 'SUDO_MISSING',
        message: 'this needs root, and there is no sudo',
        hint: `As root:  ${argv.join(' ')}`,
        cause: error,
      });
    }
    throw new WherryError({
      code: 'INSTALL_FAILED',
      message: `installing did not work: ${error.message}`,
      hint: `Try it yourself:  ${command}`,
      cause: error,
    });
  }
}

/** `sudo` keeps nothing of the environment: debconf then notices by itself that there is no terminal. */
function asUser(fix: PreflightFix, argv: readonly string[], uid: number | undefined): readonly string[] {
  if (!fix.needsRoot || uid === undefined || uid === 0) return argv;
  return ['sudo', ...argv];
}
