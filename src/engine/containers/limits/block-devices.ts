import { statSync } from 'node:fs';
import { invalid } from '../../errors.ts';
import { hasCode } from '../../sys/errno.ts';
import { deviceMajor, deviceMinor } from '../../sys/files.ts';

/** `MAJOR:MINOR`, as cgroup files name a device. */
export const deviceNumbers = (device: number): string => `${deviceMajor(device)}:${deviceMinor(device)}`;

/** `MAJOR:MINOR` of a block device of the VM. @throws EngineError invalidParameter, in moby's words where it has some */
export function blockDevice(path: string): string {
  try {
    const stats = statSync(path);
    if (stats.isBlockDevice()) return deviceNumbers(stats.rdev);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) throw invalid(`stat ${path}: no such file or directory`, error);
    throw error;
  }
  throw invalid(`${path} is no block device of the machine`);
}
