import { readFileSync } from 'node:fs';
import { normalize } from 'node:path/posix';
import { startError } from '../process/runtime-errors.ts';
import { parseMountInfo } from '../../sys/mount-info.ts';

/**
 * Looks at what has been mounted into a container that is there but doesn't run yet. Destinations are checked when a
 * container is made, but a symbolic link in its image, or in a volume, can turn one into /proc: a process that finds
 * its own files there makes the runtime believe it (the class of runc's CVE-2019-19921, CVE-2023-27561 and
 * CVE-2025-52881). crun 1.21 follows such links.
 *
 * @param pid the container's first process, waiting to be started
 * @param masked paths on which the runtime has put something
 * @throws EngineError invalidParameter in runc's words
 */
export function refuseMountsOnProc(pid: number, masked: readonly string[]): void {
  const point = foreignMountOnProc(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), masked);
  if (point === undefined) return;
  throw startError({
    exitCode: 128,
    message: `${JSON.stringify(point)} cannot be mounted because it is inside /proc`,
  });
}

/** The first mount point in /proc of something that is neither procfs nor a mask. */
export function foreignMountOnProc(mountInfo: string, masked: readonly string[]): string | undefined {
  const masks = masked.map((path) => normalize(path));
  return parseMountInfo(mountInfo).find(
    ({ point, type }) =>
      (point === '/proc' || point.startsWith('/proc/')) && type !== 'proc' && !masks.includes(point),
  )?.point;
}
