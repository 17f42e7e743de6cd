import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { BlkioStats, ContainerStats, CpuStats } from '../../../protocol/docker/stats.ts';
import { hasCode } from '../../sys/errno.ts';
import type { ContainersContext } from '../context.ts';
import { NEVER, timestamp } from '../model.ts';
import type { ContainerEntry } from '../registry.ts';
import { cgroupOf } from '../lifecycle/release-resources.ts';
import { blkioEntries, cpuStats, memoryStats, networkStats, singleValue, systemCpu } from './parse.ts';

/** What is kept of a sample for the next one. */
export type Before = Pick<ContainerStats, 'read' | 'cpu_stats'>;

const NOTHING: Before = { read: NEVER, cpu_stats: cpuStats('') };

/**
 * What a container uses now. One that doesn't run uses nothing: moby answers its name and zeros.
 *
 * Synchronous: a handful of small files of the kernel's, all read within the same moment.
 */
export function sampleStats(
  context: ContainersContext,
  entry: ContainerEntry,
  before: Before = NOTHING,
): ContainerStats {
  const { state, record } = entry;
  const name = `/${record.name}`;
  if (state.status !== 'running') return statsOfNothing(name, entry.id);
  const directory = cgroupOf(context, entry.id);
  const file = (of: string): string => readOptional(join(directory, of));
  const limit = singleValue(file('pids.max'));
  // The VM's own interfaces are not the container's.
  const ownNetwork = record.hostConfig.NetworkMode !== 'host';
  const networks = ownNetwork ? networkStats(readOptional(`/proc/${state.process.pid}/net/dev`)) : undefined;
  return {
    name,
    id: entry.id,
    read: timestamp(),
    preread: before.read,
    pids_stats: {
      current: singleValue(file('pids.current')) ?? 0,
      ...(limit === undefined ? {} : { limit }),
    },
    blkio_stats: { ...NO_BLKIO, io_service_bytes_recursive: blkioEntries(file('io.stat')) },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuStats(file('cpu.stat'), systemCpu(readFileSync('/proc/stat', 'utf8'))),
    precpu_stats: before.cpu_stats,
    memory_stats: memoryStats(
      {
        current: file('memory.current'),
        max: file('memory.max'),
        stat: file('memory.stat'),
        events: file('memory.events'),
      },
      totalmem(),
    ),
    ...(networks === undefined ? {} : { networks }),
  };
}

const NO_BLKIO: BlkioStats = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

function statsOfNothing(name: string, id: string): ContainerStats {
  const nothing: CpuStats = cpuStats('');
  return {
    name,
    id,
    read: NEVER,
    preread: NEVER,
    pids_stats: {},
    blkio_stats: NO_BLKIO,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: nothing,
    precpu_stats: nothing,
    memory_stats: {},
  };
}

/** '' for a file that isn't there: its controller is off, or the process has ended while we looked. */
function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENODEV', 'ESRCH', 'EINVAL')) return '';
    throw error;
  }
}
