import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import { EngineError } from '../../errors.ts';
import type { ContainersContext } from '../context.ts';
import { cgroupOf } from '../lifecycle/release-resources.ts';
import { deviceNumbers } from './block-devices.ts';
import { blockIoFiles, limitFiles } from './cgroup-files.ts';
import type { CgroupWrite } from './cgroup-files.ts';

/*
 * Limits of a container that is there already, by writing to its cgroup: some microseconds a file, where `crun update`
 * costs as much as starting a program does, 20 to 200 ms under emulation.
 */

/**
 * Brings a running container from one set of limits to another. Only what differs is written; when the kernel refuses
 * one, those before it are put back.
 *
 * @throws EngineError system with the kernel's reason
 */
export function changeLimits(context: ContainersContext, id: string, from: HostConfig, to: HostConfig): void {
  const directory = cgroupOf(context, id);
  const before = [...limitFiles(from), weightOf(from)];
  const changes = [...limitFiles(to), weightOf(to)].flatMap((write, index) => {
    const old = before[index];
    return old === undefined || old.value === write.value ? [] : [{ write, old }];
  });
  if (to.BlkioWeight !== from.BlkioWeight) weighIo(context);
  const done: CgroupWrite[] = [];
  try {
    for (const { write, old } of changes) {
      writeLimit(directory, write);
      done.push(old);
    }
  } catch (error) {
    for (const old of done.toReversed()) writeLimit(directory, old);
    throw error;
  }
}

/** What of its limits a container gets after the runtime has made its cgroup, and before its process runs. */
export function applyBlockIo(context: ContainersContext, id: string, host: HostConfig): void {
  const writes = blockIoFiles(host);
  if (writes.length === 0) return;
  if (writes.some(({ file }) => file === 'io.weight')) weighIo(context);
  for (const write of writes) writeLimit(cgroupOf(context, id), write);
}

const weightOf = (host: HostConfig): CgroupWrite =>
  blockIoFiles({ ...NO_RATES, BlkioWeight: host.BlkioWeight })[0] ?? DEFAULT_IO_WEIGHT;

const DEFAULT_IO_WEIGHT: CgroupWrite = { file: 'io.weight', value: 'default 100' };

const NO_RATES = {
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceWriteIOps: [],
};

/**
 * Weights are the iocost controller's, which is off until it is asked for (cgroup-v2.rst, "IO Interface Files"): it
 * costs every request a little, so it comes with the first container that has a weight. It is for the disk that holds
 * containers' data.
 */
function weighIo(context: ContainersContext): void {
  const device = deviceNumbers(statSync(context.layout.containers).dev);
  writeLimit(context.config.cgroupRoot, { file: 'io.cost.qos', value: `${device} enable=1` });
}

/** @throws EngineError system */
function writeLimit(directory: string, { file, value }: CgroupWrite): void {
  try {
    // An empty value still is a line: no write at all would change nothing.
    writeFileSync(join(directory, file), `${value}\n`);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new EngineError('system', `the kernel refuses "${value}" for ${file}: ${reason}`, error);
  }
}
