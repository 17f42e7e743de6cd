import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import { conflict } from '../../errors.ts';
import { effectiveSwap } from './settle.ts';
import type { ResourceLimits } from './settle.ts';

/** `PidsLimit`: null leaves it as it is; 0 and -1 take it away. */
export type LimitsUpdate = ResourceLimits & { readonly PidsLimit?: number | null | undefined };

/**
 * What a container's limits are after an update: fields at their zero value stay as they are. The rules for what may
 * change beside what is set are moby's (v28, container/container_unix.go).
 *
 * @throws EngineError conflict
 */
export function mergeLimits(now: HostConfig, update: LimitsUpdate): HostConfig {
  if (update.NanoCpus > 0 && now.CpuPeriod > 0) {
    refuse('Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set');
  }
  if (update.NanoCpus > 0 && now.CpuQuota > 0) {
    refuse('Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set');
  }
  if (update.CpuPeriod > 0 && now.NanoCpus > 0) {
    refuse('Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set');
  }
  if (update.CpuQuota > 0 && now.NanoCpus > 0) {
    refuse('Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set');
  }
  if (update.Memory !== 0 && update.MemorySwap === 0 && update.Memory > effectiveSwap(now)) {
    refuse(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  const memory = update.Memory || now.Memory;
  // What was twice the old memory stays what it was.
  const swap = update.MemorySwap || effectiveSwap(now);
  if (memory > 0 && swap > 0 && swap < memory) {
    refuse('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  return {
    ...now,
    BlkioWeight: update.BlkioWeight || now.BlkioWeight,
    CpuPeriod: update.CpuPeriod || now.CpuPeriod,
    CpuQuota: update.CpuQuota || now.CpuQuota,
    CpuShares: update.CpuShares || now.CpuShares,
    CpusetCpus: update.CpusetCpus || now.CpusetCpus,
    CpusetMems: update.CpusetMems || now.CpusetMems,
    Memory: memory,
    MemoryReservation: update.MemoryReservation || now.MemoryReservation,
    MemorySwap: swap,
    NanoCpus: update.NanoCpus || now.NanoCpus,
    PidsLimit: update.PidsLimit ?? now.PidsLimit,
  };
}

function refuse(reason: string): never {
  throw conflict(reason);
}
