import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_SHM_SIZE } from '../../oci/mounts.ts';
import { hasCode } from '../../sys/errno.ts';
import { parseMountInfo } from '../../sys/mount-info.ts';
import { MNT_DETACH, MOUNT_ATTR, mountFilesystem, unmount } from '../../sys/mount.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerRecord } from '../model.ts';

const ATTRIBUTES = MOUNT_ATTR.NOSUID | MOUNT_ATTR.NODEV | MOUNT_ATTR.NOEXEC;

/** Where the shared memory of a container is that lets others have it. */
export const shmOf = (context: ContainersContext, id: string): string => join(context.layout.shm, id);

/** Makes the shared memory of a container with `--ipc shareable`. Returns its directory. @throws SyscallError */
export function ownShm(context: ContainersContext, { id, hostConfig }: ContainerRecord): string {
  releaseShm(context, id);
  const directory = shmOf(context, id);
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  mountShm(directory, [['size', String(hostConfig.ShmSize || DEFAULT_SHM_SIZE)]]);
  return directory;
}

/** Containers that share it keep it for as long as they run. Idempotent. */
export function releaseShm(context: ContainersContext, id: string): void {
  const directory = shmOf(context, id);
  try {
    unmount(directory, MNT_DETACH);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    if (!hasCode(error, 'EINVAL')) throw error;
  }
  rmSync(directory, { recursive: true, force: true });
}

const MACHINE_SHM = '/dev/shm';

/** The VM's own /dev/shm, for `--ipc host`. Nothing in the VM needs it, so it is made when it is first wanted. */
export function machineShm(): string {
  const mounts = parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
  if (!mounts.some(({ point }) => point === MACHINE_SHM)) {
    mkdirSync(MACHINE_SHM, { recursive: true });
    mountShm(MACHINE_SHM, []);
  }
  return MACHINE_SHM;
}

function mountShm(directory: string, options: readonly (readonly [string, string])[]): void {
  mountFilesystem('tmpfs', directory, [['source', 'shm'], ['mode', '1777'], ...options], ATTRIBUTES);
}
