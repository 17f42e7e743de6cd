/** `GET /containers/{id}/stats` (Docker Engine API v1.51, ContainerStatsResponse), as moby answers on cgroup v2. */
export interface ContainerStats {
  /** With the slash before it. */
  readonly name: string;
  readonly id: string;
  /** RFC 3339; the zero time where there is no sample. */
  readonly read: string;
  readonly preread: string;
  /** Empty where the container doesn't run; no `limit`: unlimited. */
  readonly pids_stats: { readonly current?: number; readonly limit?: number };
  readonly blkio_stats: BlkioStats;
  readonly num_procs: 0;
  readonly storage_stats: Record<string, never>;
  readonly cpu_stats: CpuStats;
  /** The sample before; all zero in the first. */
  readonly precpu_stats: CpuStats;
  readonly memory_stats: MemoryStats;
  /** By interface name; absent where the container has no network of its own. */
  readonly networks?: Readonly<Record<string, NetworkStats>>;
}

/** Nanoseconds. */
export interface CpuStats {
  readonly cpu_usage: {
    readonly total_usage: number;
    readonly usage_in_kernelmode: number;
    readonly usage_in_usermode: number;
  };
  /** What all CPUs have spent, idle time included. */
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
  readonly throttling_data: {
    readonly periods: number;
    readonly throttled_periods: number;
    readonly throttled_time: number;
  };
}

/** Bytes; `stats` are the numbers of the kernel's memory.stat. Empty where the container doesn't run. */
export interface MemoryStats {
  readonly usage?: number;
  readonly stats?: Readonly<Record<string, number>>;
  readonly failcnt?: number;
  readonly limit?: number;
}

export interface BlkioEntry {
  readonly major: number;
  readonly minor: number;
  readonly op: 'read' | 'write';
  readonly value: number;
}

/** cgroup v2 has only the bytes; moby answers null for the rest. */
export interface BlkioStats {
  readonly io_service_bytes_recursive: readonly BlkioEntry[] | null;
  readonly io_serviced_recursive: null;
  readonly io_queue_recursive: null;
  readonly io_service_time_recursive: null;
  readonly io_wait_time_recursive: null;
  readonly io_merged_recursive: null;
  readonly io_time_recursive: null;
  readonly sectors_recursive: null;
}

export interface NetworkStats {
  readonly rx_bytes: number;
  readonly rx_packets: number;
  readonly rx_errors: number;
  readonly rx_dropped: number;
  readonly tx_bytes: number;
  readonly tx_packets: number;
  readonly tx_errors: number;
  readonly tx_dropped: number;
}
