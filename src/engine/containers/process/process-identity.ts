import { readFileSync } from 'node:fs';
import { hasCode } from '../../sys/errno.ts';
import type { ProcessIdentity } from '../model.ts';

/** Field 22 of /proc/PID/stat (proc_pid_stat(5)); the name, field 2, may hold spaces and parentheses. */
const START_TICKS_AFTER_NAME = 19;

export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** The identity of a process that runs now; undefined if there is none by that pid. */
export function identify(pid: number, bootId: string): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return { pid, startTicks: Number(fields[START_TICKS_AFTER_NAME]), bootId };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}

export function isAlive(identity: ProcessIdentity, bootId: string): boolean {
  const now = identity.bootId === bootId ? identify(identity.pid, bootId) : undefined;
  return now?.startTicks === identity.startTicks;
}

/** Signals that very process; false if it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: number): boolean {
  if (!isAlive(identity, identity.bootId)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
    throw error;
  }
}
