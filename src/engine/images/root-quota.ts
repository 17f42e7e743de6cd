import { statSync } from 'node:fs';
import { hasCode } from '../sys/errno.ts';
import { limitProject, projectOf, setProject } from '../sys/project-quota.ts';

/**
 * Limits what a container may write, in bytes, before anything has been written. The project has the number of the
 * directory's inode: no other directory of the filesystem has the same for as long as this one is there, so nothing has
 * to be handed out or kept.
 *
 * overlayfs writes without CAP_SYS_RESOURCE whoever asks it to (Linux, fs/overlayfs/super.c), so the limit is one for
 * root and for privileged containers too.
 *
 * @throws SyscallError where the filesystem doesn't count by project
 */
export function limitDirectory(directory: string, bytes: number): void {
  const { ino: project } = statSync(directory);
  setProject(directory, project);
  limitProject(directory, project, bytes);
}

/**
 * Takes the limit of a directory away, which is about to be removed, with everything in it.
 *
 * @param parent stays
 */
export function forgetLimit(directory: string, parent: string): void {
  let project: number;
  try {
    project = projectOf(directory);
  } catch (error) {
    // It's not there, or its filesystem has no projects.
    if (hasCode(error, 'ENOENT', 'ENOTTY', 'EOPNOTSUPP', 'ENOTSUP')) return;
    throw error;
  }
  if (project !== 0) limitProject(parent, project, 0);
}
