import { readFile } from 'node:fs/promises';
import { systemErrorCode } from '../core/errors.ts';
import { systemExec, type Exec } from './exec.ts';
import { systemProgram, WINDOWS_POWERSHELL } from './windows-programs.ts';

/**
 * A process beyond doubt: a pid alone is given to another program after a reboot or a wrap-around, so it comes with
 * when its process began. `startedAt` is opaque; it differs between boots.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** Processes as a port. */
export interface Processes {
  readonly self: () => Promise<ProcessIdentity>;
  /** The identity of whoever has this pid now, or undefined if nobody (a zombie counts as nobody). */
  readonly identify: (pid: number) => Promise<ProcessIdentity | undefined>;
  /** Whether that very process is still there. */
  readonly isAlive: (identity: ProcessIdentity) => Promise<boolean>;
  /** Sends a signal to that very process; false if it has gone. */
  readonly signal: (identity: ProcessIdentity, name: NodeJS.Signals) => Promise<boolean>;
}

export function createProcesses(
  exec: Exec = systemExec,
  platform: NodeJS.Platform = process.platform,
): Processes {
  const startedAt = readerFor(platform, exec);
  let own: Promise<ProcessIdentity> | undefined;
  const processes: Processes = {
    async identify(pid) {
      if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
      const started = await startedAt(pid);
      return started === undefined ? undefined : { pid, startedAt: started };
    },
    self() {
      own ??= processes.identify(process.pid).then((identity) => {
        if (identity === undefined) throw new Error(`this process (pid ${process.pid}) cannot be identified`);
        return identity;
      });
      return own;
    },
    async isAlive(identity) {
      return (await processes.identify(identity.pid))?.startedAt === identity.startedAt;
    },
    async signal(identity, name) {
      if (!(await processes.isAlive(identity))) return false;
      try {
        return process.kill(identity.pid, name);
      } catch (error) {
        if (systemErrorCode(error) === 'ESRCH') return false;
        throw error;
      }
    },
  };
  return processes;
}

export const systemProcesses: Processes = createProcesses();

type StartReader = (pid: number) => Promise<string | undefined>;

function readerFor(platform: NodeJS.Platform, exec: Exec): StartReader {
  if (platform === 'linux') return linuxReader();
  return platform === 'win32' ? windowsReader(exec) : psReader(exec);
}

/** proc(5): field 22 of /proc/PID/stat is the start in clock ticks since boot; boot_id names the boot. */
function linuxReader(): StartReader {
  let bootId: Promise<string> | undefined;
  return async (pid) => {
    bootId ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim());
    let stat: string;
    try {
      stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === 'ENOENT' || code === 'ESRCH') return undefined;
      throw error;
    }
    const ticks = parseProcStat(stat);
    return ticks === undefined ? undefined : `${await bootId}/${ticks}`;
  };
}

/**
 * The start time in a /proc/PID/stat line, or undefined for a zombie. The command's name may hold `) (`. A leader that
 * is a zombie while other threads end still has its files and sockets open: that one counts as there.
 */
export function parseProcStat(stat: string): string | undefined {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = afterName[0];
  const threads = Number(afterName[20 - 3]);
  return (state === 'Z' || state === 'X') && threads <= 1 ? undefined : afterName[22 - 3];
}

/** ps(1) of macOS and the BSDs: `lstart` is an absolute date, so it tells boots apart by itself. */
function psReader(exec: Exec): StartReader {
  return async (pid) => {
    const result = await exec.run(['ps', '-o', 'stat=,lstart=', '-p', String(pid)], {
      env: { LC_ALL: 'C', TZ: 'UTC' },
    });
    const line = result.stdout.trim();
    if (result.exitCode !== 0 || line === '' || line.startsWith('Z')) return undefined;
    return line.split(/\s+/).slice(1).join(' ');
  };
}

const WINDOWS_SCRIPT = `
$wanted = [Console]::In.ReadToEnd() | ConvertFrom-Json
$found = Get-Process -Id $wanted.pid -ErrorAction SilentlyContinue
if ($found -and -not $found.HasExited) { $found.StartTime.ToFileTimeUtc() }
`;

function windowsReader(exec: Exec): StartReader {
  return async (pid) => {
    const powershell = systemProgram(WINDOWS_POWERSHELL);
    const argv = [powershell, '-NoProfile', '-NonInteractive', '-Command', WINDOWS_SCRIPT];
    const result = await exec.check(argv, { input: JSON.stringify({ pid }) });
    const started = result.stdout.trim();
    return started === '' ? undefined : started;
  };
}
