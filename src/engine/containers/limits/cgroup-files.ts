import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import { blockDevice } from './block-devices.ts';
import { effectiveSwap } from './settle.ts';

/** One write to a file of a container's cgroup. */
export interface CgroupWrite {
  readonly file: string;
  readonly value: string;
}

export type CgroupLimits = Pick<
  HostConfig,
  | 'Memory'
  | 'MemoryReservation'
  | 'MemorySwap'
  | 'NanoCpus'
  | 'CpuPeriod'
  | 'CpuQuota'
  | 'CpuShares'
  | 'CpusetCpus'
  | 'CpusetMems'
  | 'PidsLimit'
>;

const PERIOD_MICROSECONDS = 100_000;
const DEFAULT_WEIGHT = 100;

/**
 * Limits as the kernel takes them (Documentation/admin-guide/cgroup-v2.rst), every file whether limited or not. They are
 * what crun 1.21 writes for the same limits of an OCI spec, so that an update changes nothing else.
 */
export function limitFiles(limits: CgroupLimits): CgroupWrite[] {
  const { Memory: memory, MemoryReservation: reservation } = limits;
  const swap = effectiveSwap(limits);
  const period = limits.CpuPeriod || PERIOD_MICROSECONDS;
  const quota =
    limits.NanoCpus > 0
      ? Math.floor((limits.NanoCpus * PERIOD_MICROSECONDS) / 1e9)
      : Math.max(limits.CpuQuota, 0);
  return [
    { file: 'memory.max', value: orMax(memory) },
    // Docker counts memory in, the kernel doesn't.
    { file: 'memory.swap.max', value: memory > 0 && swap >= 0 ? String(swap - memory) : 'max' },
    { file: 'memory.low', value: String(reservation) },
    { file: 'cpu.max', value: `${orMax(quota)} ${limits.NanoCpus > 0 ? PERIOD_MICROSECONDS : period}` },
    { file: 'cpu.weight', value: String(cpuWeight(limits.CpuShares)) },
    { file: 'cpuset.cpus', value: limits.CpusetCpus },
    { file: 'cpuset.mems', value: limits.CpusetMems },
    { file: 'pids.max', value: orMax(limits.PidsLimit) },
  ];
}

const orMax = (value: number): string => (value > 0 ? String(value) : 'max');

/** Shares of cgroup v1, 2 to 262144, as a weight, 1 to 10000 (crun 1.21, src/libcrun/cgroup-utils.c). */
export function cpuWeight(shares: number): number {
  if (shares <= 0) return DEFAULT_WEIGHT;
  return Math.floor(1 + ((Math.min(Math.max(shares, 2), 262_144) - 2) * 9999) / 262_142);
}

export type BlockIoLimits = Pick<
  HostConfig,
  | 'BlkioWeight'
  | 'BlkioWeightDevice'
  | 'BlkioDeviceReadBps'
  | 'BlkioDeviceReadIOps'
  | 'BlkioDeviceWriteBps'
  | 'BlkioDeviceWriteIOps'
>;

/**
 * The writes for limits of block devices; none where nothing is limited.
 *
 * @throws EngineError invalidParameter for a path that is no block device of the VM
 */
export function blockIoFiles(limits: BlockIoLimits): CgroupWrite[] {
  const rates = [
    ...limits.BlkioDeviceReadBps.map((limit) => ({ ...limit, key: 'rbps' })),
    ...limits.BlkioDeviceWriteBps.map((limit) => ({ ...limit, key: 'wbps' })),
    ...limits.BlkioDeviceReadIOps.map((limit) => ({ ...limit, key: 'riops' })),
    ...limits.BlkioDeviceWriteIOps.map((limit) => ({ ...limit, key: 'wiops' })),
  ];
  return [
    ...(limits.BlkioWeight > 0
      ? [{ file: 'io.weight', value: `default ${ioWeight(limits.BlkioWeight)}` }]
      : []),
    ...limits.BlkioWeightDevice.map(({ Path: path, Weight: weight }) => ({
      file: 'io.weight',
      value: `${blockDevice(path)} ${weight === 0 ? 'default' : ioWeight(weight)}`,
    })),
    ...rates.map(({ Path: path, Rate: rate, key }) => ({
      file: 'io.max',
      value: `${blockDevice(path)} ${key}=${orMax(rate)}`,
    })),
  ];
}

/** Weights of cgroup v1, 10 to 1000, as those of io.weight, 1 to 10000 (as crun and runc convert them). */
export function ioWeight(weight: number): number {
  return Math.floor(1 + ((weight - 10) * 9999) / 990);
}
