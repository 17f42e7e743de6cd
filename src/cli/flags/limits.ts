import { Flags } from '@oclif/core';
import { parseSize } from '../../core/units.ts';
import { usage } from '../base-command.ts';
import { invalidArgument } from './invalid-argument.ts';
import { repeated } from './repeated.ts';
import type { FlagValues } from './flag-values.ts';

/** Limits that `run`, `create` and `update` share, with docker's names and help. */
export const limitFlags = {
  'blkio-weight': Flags.integer({
    description: 'Block IO (relative weight), between 10 and 1000, or 0 to disable',
  }),
  cpus: Flags.string({ description: 'Number of CPUs, e.g. 0.5' }),
  'cpu-period': Flags.integer({ description: 'Limit CPU CFS (Completely Fair Scheduler) period' }),
  'cpu-quota': Flags.integer({ description: 'Limit CPU CFS (Completely Fair Scheduler) quota' }),
  'cpu-rt-period': Flags.integer({ description: 'Limit CPU real-time period in microseconds' }),
  'cpu-rt-runtime': Flags.integer({ description: 'Limit CPU real-time runtime in microseconds' }),
  'cpu-shares': Flags.integer({ char: 'c', description: 'CPU shares (relative weight)' }),
  'cpuset-cpus': Flags.string({ description: 'CPUs in which to allow execution (0-3, 0,1)' }),
  'cpuset-mems': Flags.string({ description: 'MEMs in which to allow execution (0-3, 0,1)' }),
  memory: Flags.string({ char: 'm', description: 'Memory limit, e.g. 64m' }),
  'memory-reservation': Flags.string({ description: 'Memory soft limit' }),
  'memory-swap': Flags.string({
    description: "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
  }),
  'pids-limit': Flags.integer({ description: 'Tune container pids limit (set -1 for unlimited)' }),
};

/** Limits that only a new container takes. */
export const createLimitFlags = {
  ...limitFlags,
  'blkio-weight-device': Flags.string({
    description: 'Block IO weight (relative device weight), e.g. /dev/vdb:200',
    ...repeated,
  }),
  'device-read-bps': Flags.string({
    description: 'Limit read rate (bytes per second) from a device, e.g. /dev/vdb:1mb',
    ...repeated,
  }),
  'device-read-iops': Flags.string({
    description: 'Limit read rate (IO per second) from a device, e.g. /dev/vdb:100',
    ...repeated,
  }),
  'device-write-bps': Flags.string({
    description: 'Limit write rate (bytes per second) to a device',
    ...repeated,
  }),
  'device-write-iops': Flags.string({
    description: 'Limit write rate (IO per second) to a device',
    ...repeated,
  }),
  'memory-swappiness': Flags.integer({ description: 'Tune container memory swappiness (0 to 100)' }),
  'storage-opt': Flags.string({
    description: 'Storage driver options for the container, e.g. size=10g',
    ...repeated,
  }),
  'oom-kill-disable': Flags.boolean({ description: 'Disable OOM Killer' }),
  'oom-score-adj': Flags.integer({ description: "Tune host's OOM preferences (-1000 to 1000)" }),
};

export type LimitFlags = FlagValues<typeof limitFlags>;

export type CreateLimitFlags = FlagValues<typeof createLimitFlags>;

/** The fields of HostConfig, and of an update, that flags stand for: only those given. @throws WherryError USAGE */
export function limitFields(flags: LimitFlags): Readonly<Record<string, number | string>> {
  return given({
    BlkioWeight: flags['blkio-weight'],
    CpuPeriod: flags['cpu-period'],
    CpuQuota: flags['cpu-quota'],
    CpuRealtimePeriod: flags['cpu-rt-period'],
    CpuRealtimeRuntime: flags['cpu-rt-runtime'],
    CpuShares: flags['cpu-shares'],
    CpusetCpus: flags['cpuset-cpus'],
    CpusetMems: flags['cpuset-mems'],
    Memory: bytes(flags.memory, '-m, --memory'),
    MemoryReservation: bytes(flags['memory-reservation'], '--memory-reservation'),
    MemorySwap: flags['memory-swap'] === '-1' ? -1 : bytes(flags['memory-swap'], '--memory-swap'),
    NanoCpus: nanoCpus(flags.cpus),
    PidsLimit: flags['pids-limit'],
  });
}

/** The same for a new container. @throws WherryError USAGE */
export function createLimitFields(flags: CreateLimitFlags): Readonly<Record<string, unknown>> {
  return {
    ...limitFields(flags),
    ...given({
      BlkioWeightDevice: flags['blkio-weight-device']?.map(weightOf),
      BlkioDeviceReadBps: flags['device-read-bps']?.map((text) => bpsOf(text, '--device-read-bps')),
      BlkioDeviceReadIOps: flags['device-read-iops']?.map((text) => iopsOf(text, '--device-read-iops')),
      BlkioDeviceWriteBps: flags['device-write-bps']?.map((text) => bpsOf(text, '--device-write-bps')),
      BlkioDeviceWriteIOps: flags['device-write-iops']?.map((text) => iopsOf(text, '--device-write-iops')),
      MemorySwappiness: flags['memory-swappiness'],
      OomKillDisable: flags['oom-kill-disable'],
      StorageOpt: storageOf(flags['storage-opt']),
      OomScoreAdj: flags['oom-score-adj'],
    }),
  };
}

/** @throws WherryError in docker's words */
function storageOf(options: readonly string[] | undefined): Record<string, string> | undefined {
  if (options === undefined) return undefined;
  return Object.fromEntries(
    options.map((option): [string, string] => {
      const equals = option.indexOf('=');
      if (equals === -1) throw usage('invalid storage option');
      return [option.slice(0, equals), option.slice(equals + 1)];
    }),
  );
}

function given<T>(fields: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, T] => entry[1] !== undefined),
  );
}

function bytes(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const size = parseSize(text);
  if (size === undefined) throw invalidArgument(text, flag, `invalid size: '${text}'`);
  return size;
}

function nanoCpus(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const cpus = Number(text);
  if (!Number.isFinite(cpus) || cpus < 0 || text.trim() === '') {
    throw invalidArgument(text, '--cpus', `failed to parse ${text} as a rational number`);
  }
  return Math.round(cpus * 1e9);
}

interface DeviceRate {
  readonly Path: string;
  readonly Rate: number;
}

const FORMAT = 'The correct format is <device-path>:<number>';

function bpsOf(text: string, flag: string): DeviceRate {
  const [path, value] = deviceAndValue(text, flag);
  const rate = parseSize(value);
  if (rate !== undefined) return { Path: path, Rate: rate };
  const units = 'Number must be a positive integer. Unit is optional and can be kb, mb, or gb';
  throw invalidArgument(text, flag, `invalid rate for device: ${text}. ${FORMAT}[<unit>]. ${units}`);
}

function iopsOf(text: string, flag: string): DeviceRate {
  const [path, value] = deviceAndValue(text, flag);
  if (/^\d{1,15}$/.test(value)) return { Path: path, Rate: Number(value) };
  const reason = `invalid rate for device: ${text}. ${FORMAT}. Number must be a positive integer`;
  throw invalidArgument(text, flag, reason);
}

function weightOf(text: string): { readonly Path: string; readonly Weight: number } {
  const flag = '--blkio-weight-device';
  const [path, value] = deviceAndValue(text, flag);
  const weight = /^\d{1,5}$/.test(value) ? Number(value) : -1;
  if (weight === 0 || (weight >= 10 && weight <= 1000)) return { Path: path, Weight: weight };
  throw invalidArgument(text, flag, `invalid weight for device: ${text}`);
}

function deviceAndValue(text: string, flag: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon <= 0) throw invalidArgument(text, flag, `bad format: ${text}`);
  if (!text.startsWith('/dev/')) throw invalidArgument(text, flag, `bad format for device path: ${text}`);
  return [text.slice(0, colon), text.slice(colon + 1)];
}
