import type { HostFacts } from './context.ts';

export interface Size {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
}

/** A new machine's size where nothing is asked for: up to 4 CPUs and 4 GiB, never more than half of the host's memory. */
export function defaultSize(host: HostFacts): Size {
  const half = Math.floor(host.memoryMiB / 2);
  return {
    cpus: Math.max(1, Math.min(4, host.cores)),
    memoryMiB: Math.max(1024, Math.min(4096, half)),
    diskGiB: 20,
  };
}
