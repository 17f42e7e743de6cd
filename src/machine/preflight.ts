import type { Arch } from '../core/arch.ts';
import { WherryError } from '../core/errors.ts';
import type { Driver, PreflightFinding } from '../drivers/driver.ts';
import { fixCommand } from '../drivers/install-fix.ts';
import type { Reporter } from './context.ts';

/** docker-machine's status for a failed pre-create check. */
const PRECREATE_EXIT = 3;

/** The step "Check this computer". Error: `PRECREATE_FAILED`, with the one command that mends it as its hint. */
export async function checkComputer(driver: Driver, arch: Arch, report: Reporter): Promise<void> {
  const findings = await report.step('Check this computer', async () => {
    const found = await driver.preflight(arch);
    const error = found.find(({ level }) => level === 'error');
    if (error !== undefined) throw preflightError(error);
    const summary = found.filter(({ level }) => level === 'ok').map(({ message }) => message);
    return { value: found, summary: summary.join(', ') };
  });
  for (const { level, message } of findings) if (level === 'note') report.note(message);
}

/** What a failed check says, with the one command that mends it, as `uid` would type it. Error: `PRECREATE_FAILED`. */
export function preflightError(
  { message, fix }: PreflightFinding,
  uid: number | undefined = process.getuid?.(),
): WherryError {
  return new WherryError({
    code: 'PRECREATE_FAILED',
    message,
    hint: fix
      ? `Install it with:  ${fixCommand(fix, uid)}\nOr let Wherry do it:  wherry doctor --fix`
      : 'See:  wherry doctor',
    exitCode: PRECREATE_EXIT,
  });
}
