import { availableParallelism } from 'node:os';
import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import { invalid } from '../../errors.ts';
import { checkCpuset } from './cpuset.ts';

export type ResourceLimits = Pick<
  HostConfig,
  | 'Memory'
  | 'MemoryReservation'
  | 'MemorySwap'
  | 'MemorySwappiness'
  | 'OomKillDisable'
  | 'NanoCpus'
  | 'CpuPeriod'
  | 'CpuQuota'
  | 'CpuRealtimePeriod'
  | 'CpuRealtimeRuntime'
  | 'CpuShares'
  | 'CpusetCpus'
  | 'CpusetMems'
  | 'BlkioWeight'
  | 'BlkioWeightDevice'
>;

export interface Settled<T> {
  readonly limits: T;
  /** What was asked for and can't be had on cgroup v2. */
  readonly warnings: readonly string[];
}

const MINIMUM_MEMORY = 6 * 1024 * 1024;
/** The VM has one: no NUMA. */
const MEMORY_NODES = 1;

/**
 * Refuses limits that make no sense, in moby's words, and leaves out with its warning what cgroup v2 doesn't have
 * (moby v28, daemon/daemon_unix.go verifyPlatformContainerResources).
 *
 * @throws EngineError invalidParameter
 */
export function settleLimits<T extends ResourceLimits>(limits: T, update = false): Settled<T> {
  checkMemory(limits, update);
  checkCpu(limits);
  checkBlockIo(limits);
  const warnings: string[] = [];
  let settled = limits;
  if (limits.MemorySwappiness !== null && limits.MemorySwappiness !== -1) {
    warnings.push(
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
    );
  }
  if (limits.MemorySwappiness !== null) settled = { ...settled, MemorySwappiness: null };
  if (limits.OomKillDisable === true) {
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
  }
  if (limits.OomKillDisable !== null) settled = { ...settled, OomKillDisable: null };
  return { limits: settled, warnings };
}

function checkMemory(limits: ResourceLimits, update: boolean): void {
  const { Memory: memory, MemorySwap: swap, MemoryReservation: reservation } = limits;
  if (memory !== 0 && memory < MINIMUM_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0 && !update) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (reservation > 0 && reservation < MINIMUM_MEMORY) {
    throw invalid('Minimum memory reservation allowed is 6MB');
  }
  if (reservation > 0 && memory > 0 && memory < reservation) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function checkCpu(limits: ResourceLimits): void {
  const { NanoCpus: nanoCpus, CpuPeriod: period, CpuQuota: quota } = limits;
  if (limits.CpuRealtimePeriod !== 0 || limits.CpuRealtimeRuntime !== 0) {
    // cgroup v2 has no such controller (cgroup-v2.rst, "CPU Interface Files").
    throw invalid('Your kernel does not support CPU real-time scheduler');
  }
  if (nanoCpus > 0 && period > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  }
  if (nanoCpus > 0 && quota > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  }
  const cpus = availableParallelism();
  if (nanoCpus < 0 || nanoCpus > cpus * 1e9) {
    throw invalid(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (quota > 0 && quota < 1000) {
    throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  }
  checkCpuset('cpus', limits.CpusetCpus, cpus);
  checkCpuset('mems', limits.CpusetMems, MEMORY_NODES);
}

function checkBlockIo(limits: ResourceLimits): void {
  const weights = [limits.BlkioWeight, ...limits.BlkioWeightDevice.map(({ Weight }) => Weight)];
  for (const weight of weights) {
    if (weight !== 0 && (weight < 10 || weight > 1000)) {
      throw invalid('Range of blkio weight is from 10 to 1000');
    }
  }
}

/** Memory and swap together, in bytes: twice the memory where nothing was said; -1: no limit; 0: nothing is limited. */
export function effectiveSwap(limits: Pick<HostConfig, 'Memory' | 'MemorySwap'>): number {
  return limits.MemorySwap === 0 && limits.Memory > 0 ? limits.Memory * 2 : limits.MemorySwap;
}
