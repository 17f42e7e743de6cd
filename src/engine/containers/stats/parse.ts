import type { BlkioEntry, CpuStats, MemoryStats, NetworkStats } from '../../../protocol/docker/stats.ts';

/*
 * What the kernel tells of a cgroup and of a network namespace, in the units of Docker's API
 * (kernel, Documentation/admin-guide/cgroup-v2.rst; proc_pid_net(5), proc_stat(5)). Files that aren't there are ''.
 */

/** Lines of `key value`. */
export function flatKeyed(text: string): Map<string, number> {
  return new Map(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const space = line.indexOf(' ');
        return [line.slice(0, space), Number(line.slice(space + 1))] as const;
      }),
  );
}

/** A file of one number; undefined for `max` and for an empty one. */
export function singleValue(text: string): number | undefined {
  const trimmed = text.trim();
  return trimmed === '' || trimmed === 'max' ? undefined : Number(trimmed);
}

const NANOSECONDS = 1000;

/** cpu.stat, which counts in microseconds. */
export function cpuStats(cpuStat: string, system?: SystemCpu): CpuStats {
  const values = flatKeyed(cpuStat);
  const at = (key: string): number => values.get(key) ?? 0;
  return {
    cpu_usage: {
      total_usage: at('usage_usec') * NANOSECONDS,
      usage_in_kernelmode: at('system_usec') * NANOSECONDS,
      usage_in_usermode: at('user_usec') * NANOSECONDS,
    },
    ...(system === undefined ? {} : { system_cpu_usage: system.nanoseconds, online_cpus: system.cpus }),
    throttling_data: {
      periods: at('nr_periods'),
      throttled_periods: at('nr_throttled'),
      throttled_time: at('throttled_usec') * NANOSECONDS,
    },
  };
}

export interface SystemCpu {
  readonly nanoseconds: number;
  readonly cpus: number;
}

/** USER_HZ is 100 on every architecture that we run. */
const TICK_NANOSECONDS = 1e7;
/** user nice system idle iowait irq softirq steal; guest time is in user already. */
const CPU_STATES = 8;

/** /proc/stat. */
export function systemCpu(procStat: string): SystemCpu {
  const lines = procStat.split('\n');
  const [, ...ticks] = (lines[0] ?? '').split(/\s+/);
  const total = ticks.slice(0, CPU_STATES).reduce((sum, value) => sum + Number(value), 0);
  return {
    nanoseconds: total * TICK_NANOSECONDS,
    cpus: lines.filter((line) => /^cpu\d/.test(line)).length,
  };
}

export interface MemoryFiles {
  readonly current: string;
  readonly max: string;
  readonly stat: string;
  readonly events: string;
}

/** @param machineBytes the limit of a container that has none: moby says what the machine has */
export function memoryStats(files: MemoryFiles, machineBytes: number): MemoryStats {
  const limit = singleValue(files.max);
  const failures = flatKeyed(files.events).get('oom') ?? 0;
  return {
    usage: singleValue(files.current) ?? 0,
    stats: Object.fromEntries(flatKeyed(files.stat)),
    ...(failures > 0 ? { failcnt: failures } : {}),
    limit: limit === undefined ? machineBytes : Math.min(limit, machineBytes),
  };
}

/** io.stat: a line a device, `253:16 rbytes=… wbytes=… rios=… …`. A device that nothing was done with has no numbers. */
export function blkioEntries(ioStat: string): BlkioEntry[] {
  return ioStat
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => {
      const [device = '', ...pairs] = line.trim().split(' ');
      const [major = 0, minor = 0] = device.split(':').map(Number);
      const values = new Map(pairs.map((pair) => pair.split('=', 2) as [string, string]));
      const bytes = (key: string): number => Number(values.get(key) ?? 0);
      if (!values.has('rbytes')) return [];
      return [
        { major, minor, op: 'read' as const, value: bytes('rbytes') },
        { major, minor, op: 'write' as const, value: bytes('wbytes') },
      ];
    });
}

/** /proc/PID/net/dev: every interface but the loopback; undefined where there is none. */
export function networkStats(netDev: string): Record<string, NetworkStats> | undefined {
  const interfaces = netDev.split('\n').flatMap((line) => {
    const found = /^\s*([^:\s]+):\s*(.*)$/.exec(line);
    if (found === null || found[1] === 'lo') return [];
    const values = (found[2] ?? '').trim().split(/\s+/).map(Number);
    const at = (index: number): number => values[index] ?? 0;
    const stats: NetworkStats = {
      rx_bytes: at(0),
      rx_packets: at(1),
      rx_errors: at(2),
      rx_dropped: at(3),
      tx_bytes: at(8),
      tx_packets: at(9),
      tx_errors: at(10),
      tx_dropped: at(11),
    };
    return [[found[1] ?? '', stats] as const];
  });
  return interfaces.length === 0 ? undefined : Object.fromEntries(interfaces);
}
