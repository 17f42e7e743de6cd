import { invalid } from '../errors.ts';
import type { OciDeviceRule, OciResources, OciRlimit, SpecMutator } from './spec.ts';

/** Docker's limits as its API has them: bytes, nanoseconds of CPU per second, counts; 0 is no limit. */
export interface Limits {
  readonly memory: number;
  readonly memoryReservation: number;
  /** Memory and swap together; -1: unlimited swap; 0: twice the memory limit. */
  readonly memorySwap: number;
  readonly nanoCpus: number;
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpuShares: number;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
  /** 0 and below: unlimited. */
  readonly pidsLimit: number;
}

const CPU_PERIOD_MICROSECONDS = 100_000;

/** cgroup limits for the runtime, which translates them to cgroup v2. Nothing asked for: nothing set. */
export function resourcesOf(limits: Limits): OciResources {
  const resources: OciResources = {};
  const memory = memoryOf(limits);
  if (Object.keys(memory).length > 0) resources.memory = memory;
  const cpu = cpuOf(limits);
  if (Object.keys(cpu).length > 0) resources.cpu = cpu;
  if (limits.pidsLimit > 0) resources.pids = { limit: limits.pidsLimit };
  return resources;
}

function memoryOf(limits: Limits): NonNullable<OciResources['memory']> {
  const swap = limits.memorySwap === 0 && limits.memory > 0 ? limits.memory * 2 : limits.memorySwap;
  return {
    ...(limits.memory > 0 ? { limit: limits.memory } : {}),
    ...(limits.memoryReservation > 0 ? { reservation: limits.memoryReservation } : {}),
    ...(limits.memory > 0 && swap !== 0 ? { swap } : {}),
  };
}

function cpuOf(limits: Limits): NonNullable<OciResources['cpu']> {
  const quota =
    limits.nanoCpus > 0
      ? {
          quota: Math.floor((limits.nanoCpus * CPU_PERIOD_MICROSECONDS) / 1e9),
          period: CPU_PERIOD_MICROSECONDS,
        }
      : {
          ...(limits.cpuQuota !== 0 ? { quota: limits.cpuQuota } : {}),
          ...(limits.cpuPeriod !== 0 ? { period: limits.cpuPeriod } : {}),
        };
  return {
    ...quota,
    ...(limits.cpuShares > 0 ? { shares: limits.cpuShares } : {}),
    ...(limits.cpusetCpus !== '' ? { cpus: limits.cpusetCpus } : {}),
    ...(limits.cpusetMems !== '' ? { mems: limits.cpusetMems } : {}),
  };
}

/** Nothing but the harmless devices, mknod of anything (moby v28, oci/defaults.go). */
export const DEVICE_RULES: readonly OciDeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' }, // null
  { allow: true, type: 'c', major: 1, minor: 5, access: 'rwm' }, // zero
  { allow: true, type: 'c', major: 1, minor: 7, access: 'rwm' }, // full
  { allow: true, type: 'c', major: 1, minor: 8, access: 'rwm' }, // random
  { allow: true, type: 'c', major: 1, minor: 9, access: 'rwm' }, // urandom
  { allow: true, type: 'c', major: 5, minor: 0, access: 'rwm' }, // tty
  { allow: true, type: 'c', major: 5, minor: 1, access: 'rwm' }, // console
  { allow: true, type: 'c', major: 5, minor: 2, access: 'rwm' }, // ptmx
  { allow: true, type: 'c', major: 136, access: 'rwm' }, // pts
];

export const withResources =
  (cgroupsPath: string, limits: Limits): SpecMutator =>
  (spec) => {
    spec.linux.cgroupsPath = cgroupsPath;
    spec.linux.resources = { devices: DEVICE_RULES, ...resourcesOf(limits) };
  };

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

const RLIMITS = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
);

/** `--ulimit nofile=1024:2048` → RLIMIT_NOFILE. @throws EngineError invalidParameter */
export function rlimitOf(ulimit: Ulimit): OciRlimit {
  if (!RLIMITS.has(ulimit.Name)) throw invalid(`invalid ulimit type: ${ulimit.Name}`);
  if (ulimit.Hard !== -1 && (ulimit.Soft > ulimit.Hard || ulimit.Soft === -1)) {
    throw invalid('ulimit soft limit must be less than or equal to hard limit');
  }
  return {
    type: `RLIMIT_${ulimit.Name.toUpperCase()}`,
    soft: rlimit(ulimit.Soft),
    hard: rlimit(ulimit.Hard),
  };
}

/**
 * -1 is RLIM_INFINITY, 2^64-1, which a double can't hold: {@link renderSpec} writes this marker as that number.
 */
export const RLIM_INFINITY = Number.MAX_SAFE_INTEGER;
const rlimit = (value: number): number => (value < 0 ? RLIM_INFINITY : value);

export const withRlimits =
  (ulimits: readonly Ulimit[]): SpecMutator =>
  (spec) => {
    spec.process.rlimits = ulimits.map(rlimitOf);
  };
