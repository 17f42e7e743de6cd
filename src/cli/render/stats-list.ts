import { binarySize, humanSize } from '../../core/units.ts';
import type { ContainerStats } from '../../protocol/docker/stats.ts';
import type { ListFormat } from './format.ts';

/** docker's table (docker CLI, cli/command/container/formatter_stats.go). */
export const STATS_LIST: ListFormat = {
  table: '{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}',
  headings: {
    ID: 'CONTAINER ID',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
  },
};

/** A container that is shown, as it was named, with its latest sample; undefined: there is none. */
export interface StatsEntry {
  readonly container: string;
  readonly stats: ContainerStats | undefined;
}

/** Fields as docker's templates and its JSON know them, the latter sorted by name. */
export function statsRow({ container, stats }: StatsEntry, truncate: boolean): Record<string, string> {
  const id = stats?.id ?? '';
  const identity = {
    Container: container,
    ID: truncate ? id.slice(0, 12) : id,
    Name: stats === undefined ? '--' : stats.name.replace(/^\//, ''),
  };
  if (stats === undefined) {
    return {
      BlockIO: '--',
      CPUPerc: '--',
      ...identity,
      ID: '--',
      MemPerc: '--',
      MemUsage: '-- / --',
      NetIO: '--',
      PIDs: '--',
    };
  }
  const memory = usedMemory(stats);
  const limit = stats.memory_stats.limit ?? 0;
  return {
    BlockIO: pair(blockBytes(stats, 'read'), blockBytes(stats, 'write')),
    CPUPerc: percent(cpuPercent(stats)),
    Container: identity.Container,
    ID: identity.ID,
    MemPerc: percent(limit === 0 ? 0 : (memory / limit) * 100),
    MemUsage: `${binarySize(memory)} / ${binarySize(limit)}`,
    Name: identity.Name,
    NetIO: pair(networkBytes(stats, 'rx_bytes'), networkBytes(stats, 'tx_bytes')),
    PIDs: String(stats.pids_stats.current ?? 0),
  };
}

const percent = (value: number): string => `${value.toFixed(2)}%`;
const pair = (a: number, b: number): string => `${humanSize(a, 3)} / ${humanSize(b, 3)}`;

/** Of one CPU's time: two busy CPUs are 200. */
export function cpuPercent({ cpu_stats: now, precpu_stats: before }: ContainerStats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  return used > 0 && passed > 0 ? (used / passed) * (now.online_cpus ?? 0) * 100 : 0;
}

/** Without the page cache that can go at once, as docker's client counts. */
function usedMemory({ memory_stats: { usage = 0, stats } }: ContainerStats): number {
  const cache = stats?.['inactive_file'] ?? 0;
  return cache < usage ? usage - cache : usage;
}

function blockBytes({ blkio_stats: { io_service_bytes_recursive: entries } }: ContainerStats, op: string) {
  return (entries ?? []).filter((entry) => entry.op === op).reduce((sum, { value }) => sum + value, 0);
}

function networkBytes({ networks }: ContainerStats, key: 'rx_bytes' | 'tx_bytes'): number {
  return Object.values(networks ?? {}).reduce((sum, stats) => sum + stats[key], 0);
}
