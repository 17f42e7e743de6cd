import { constants } from 'node:fs';
import { lutimes, mkdir, open, rename, rmdir, symlink, unlink } from 'node:fs/promises';
import type { HostChange } from '../../protocol/agent/shares.ts';
import { REPEATED } from '../../protocol/agent/repeated.ts';
import { invalid } from '../errors.ts';
import { hasCode } from '../sys/errno.ts';
import { isShare } from './contract.ts';

/**
 * Does in the VM what the host has done, through the mount, so that the kernel tells whoever watches (inotify(7)). The
 * host's server answers such an operation as if it did it, and does nothing. What isn't as it was any more fails, which
 * the next change will make good.
 */
export async function repeatChange(change: HostChange): Promise<void> {
  if (!isShare(change.path) || (change.kind === 'moved' && !isShare(change.to))) {
    throw invalid(`${change.path} is none of the host's`);
  }
  try {
    await repeat(change);
  } catch (error) {
    if (!PASSING.some((code) => hasCode(error, code))) throw error;
  }
}

const PASSING = [
  'ENOENT',
  'EEXIST',
  'ENOTDIR',
  'EISDIR',
  'ENOTEMPTY',
  'EACCES',
  'EPERM',
  'ELOOP',
  'EIO',
  'ENOTCONN',
];

async function repeat(change: HostChange): Promise<void> {
  switch (change.kind) {
    case 'written':
      return write(change.path);
    case 'touched':
      return lutimes(change.path, REPEATED.time, REPEATED.time);
    case 'made':
      return make(change.path, change.type);
    case 'removed':
      return change.type === 'directory' ? rmdir(change.path) : unlink(change.path);
    case 'moved':
      return rename(change.path, change.to);
  }
}

/** IN_OPEN, IN_MODIFY, IN_CLOSE_WRITE. */
async function write(path: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await file.truncate(REPEATED.size);
  } finally {
    await file.close();
  }
}

/** IN_CREATE. A name that the VM has looked up meanwhile is there already: whoever watches is told of a change then. */
async function make(path: string, type: 'file' | 'directory' | 'link'): Promise<void> {
  try {
    if (type === 'directory') await mkdir(path, REPEATED.mode);
    else if (type === 'link') await symlink(REPEATED.target, path);
    else await (await open(path, MAKE, REPEATED.mode)).close();
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    await (type === 'file' ? write(path) : lutimes(path, REPEATED.time, REPEATED.time));
  }
}

const MAKE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NONBLOCK;
