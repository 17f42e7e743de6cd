import type { SpecMutator } from './spec.ts';

/** Hidden from containers (moby v28, oci/defaults.go). */
export const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

/** Visible but not writable (moby v28, oci/defaults.go). */
export const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/**
 * The thermal throttle counters of every CPU reveal what the neighbours do (GHSA-6fw5-f8r9-fgfm).
 *
 * @param cpus how many CPUs the kernel may have
 */
export function thermalThrottlePaths(cpus: number): string[] {
  return Array.from({ length: cpus }, (_, cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`);
}

export const withProtectedPaths =
  (masked: readonly string[], readonly: readonly string[]): SpecMutator =>
  (spec) => {
    spec.linux.maskedPaths = masked;
    spec.linux.readonlyPaths = readonly;
  };
