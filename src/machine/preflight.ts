import type { Arch } from '../core/arch.ts';
import { WherryError } from '../core/errors.ts';
import type { Driver, PreflightFinding } from '../drivers/driver.ts';
import { fixCommand } from '../drivers/install-fix.ts';
import { DEFAULT_DRIVER } from '../drivers/registry.ts';
import type { Reporter } from './context.ts';

/** docker-machine's status for a failed pre-create check. */
const PRECREATE_EXIT = 3;

/** The step "Check this computer". Error: `PRECREATE_FAILED`, with the one command that mends it as its hint. */
export async function checkComputer(driver: Driver, arch: Arch, report: Reporter): Promise<void> {
  const findings = await report.step('Check this computer', async () => {
    const found = await driver.preflight(arch);
    return { value: found, summary: reportFindings(found, driver.name) };
  });
  for (const { level, message } of findings) if (level === 'note') report.note(message);
}

/** What is usable, in a few words. Error: `PRECREATE_FAILED` for the first that isn't. */
export function reportFindings(found: readonly PreflightFinding[], driver?: string): string {
  const error = found.find(({ level }) => level === 'error');
  if (error !== undefined) throw preflightError(error, process.getuid?.(), driver);
  return found
    .filter(({ level }) => level === 'ok')
    .map(({ message }) => message)
    .join(', ');
}

/** What a failed check says, with the one command that mends it, as `uid` would type it. Error: `PRECREATE_FAILED`. */
export function preflightError(
  { message, fix }: PreflightFinding,
  uid: number | undefined = process.getuid?.(),
  driver: string = DEFAULT_DRIVER,
): WherryError {
  return new WherryError({
    code: 'PRECREATE_FAILED',
    message,
    hint: fix
      ? `Install it with:  ${fixCommand(fix, uid)}\nOr let Wherry do it:  ${doctorCommand(driver)} --fix`
      : `See:  ${doctorCommand(driver)}`,
    exitCode: PRECREATE_EXIT,
  });
}

/** `wherry doctor`, which looks for the default driver unless it is told of another. */
export function doctorCommand(driver: string): string {
  return driver === DEFAULT_DRIVER ? 'wherry doctor' : `wherry doctor --driver ${driver}`;
}
