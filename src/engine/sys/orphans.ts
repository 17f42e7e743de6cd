import { readFileSync, readdirSync } from 'node:fs';
import { hasCode } from './errno.ts';

/**
 * Kills the processes that an argument ties to a directory which is nobody else's: programs that an engine started and,
 * being killed itself, could not end. mkfs.erofs would wait for the rest of its input for ever, and keep its half-made
 * file on the disk. Synchronous, as all that a start does.
 *
 * @param directory absolute
 */
export function killOrphansOf(directory: string): void {
  for (const pid of pidsNow()) {
    const argv = unlessGone(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '';
    if (pid === process.pid || !argv.split('\0').some((word) => word.startsWith(`${directory}/`))) continue;
    unlessGone(() => process.kill(pid, 'SIGKILL'));
  }
}

/** None where there is no /proc: the engine's own tests on other systems. */
const pidsNow = (): number[] =>
  (unlessGone(() => readdirSync('/proc')) ?? []).filter((name) => /^\d+$/.test(name)).map(Number);

function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}
