import { readFileSync } from 'node:fs';
import { hasCode } from '../../sys/errno.ts';
import { processesIn } from '../process/cgroup.ts';
import type { ContainersContext } from '../context.ts';
import { requireRunning } from '../registry.ts';
import type { ContainerEntry } from '../registry.ts';
import { cgroupOf } from '../lifecycle/release-resources.ts';

const TITLES = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];
/** Kernel clock ticks a second as user space sees them: USER_HZ, 100 on every architecture that we run. */
const TICKS = 100;

/** What `ps -ef` would show of a container's processes, from /proc. @throws EngineError conflict unless it runs */
export function listProcesses(
  context: ContainersContext,
  entry: ContainerEntry,
): { readonly Titles: readonly string[]; readonly Processes: readonly (readonly string[])[] } {
  requireRunning(entry);
  const rows = processesIn(cgroupOf(context, entry.id)).flatMap((pid) => rowOf(pid));
  return { Titles: TITLES, Processes: rows };
}

function rowOf(pid: number): string[][] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const close = stat.lastIndexOf(')');
    const name = stat.slice(stat.indexOf('(') + 1, close);
    const fields = stat
      .slice(close + 2)
      .split(' ')
      .map(Number);
    const [, uid = ''] = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
    const command = words.length === 0 ? `[${name}]` : words.join(' ');
    const seconds = Math.floor(((fields[11] ?? 0) + (fields[12] ?? 0)) / TICKS);
    const user = uid === '0' ? 'root' : uid;
    const terminal = (fields[4] ?? 0) === 0 ? '?' : 'pts/0';
    return [
      [
        user,
        String(pid),
        String(fields[1] ?? 0),
        '0',
        startTime(fields[19] ?? 0),
        terminal,
        clock(seconds),
        command,
      ],
    ];
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return []; // It has ended while we looked.
    throw error;
  }
}

function startTime(ticks: number): string {
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ', 1)[0]);
  return new Date(Date.now() - (uptime - ticks / TICKS) * 1000).toISOString().slice(11, 16);
}

const two = (value: number): string => String(value).padStart(2, '0');
const clock = (seconds: number): string =>
  `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
