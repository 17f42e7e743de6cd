import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeOwnerOnlyDirectory } from '../../platform/atomic-file.ts';
import { namesIn, type Leftover } from '../../platform/leftover.ts';
import { systemProcesses, type ProcessIdentity, type Processes } from '../../platform/process-identity.ts';

/**
 * Runs `work` with a directory of its own below `parent`. Its name says which process it belongs to: the directories of
 * processes that are no more are removed first.
 */
export async function withWorkDirectory<T>(
  parent: string,
  work: (directory: string) => Promise<T>,
  processes: Pick<Processes, 'self' | 'identify'> = systemProcesses,
): Promise<T> {
  await makeOwnerOnlyDirectory(parent);
  for (const name of await readdir(parent))
    if (await isAbandoned(name, processes)) await rm(join(parent, name), { recursive: true, force: true });
  const directory = join(parent, `${ownerName(await processes.self())}-${randomBytes(4).toString('hex')}`);
  await makeOwnerOnlyDirectory(directory);
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Directories of {@link withWorkDirectory} whose process is no more. */
export async function abandonedWork(
  parent: string,
  processes: Pick<Processes, 'identify'> = systemProcesses,
): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const name of await namesIn(parent)) {
    const path = join(parent, name);
    if (!(await isAbandoned(name, processes))) continue;
    found.push({
      what: 'interrupted bootstrap',
      path,
      remove: () => rm(path, { recursive: true, force: true }),
    });
  }
  return found;
}

async function isAbandoned(name: string, processes: Pick<Processes, 'identify'>): Promise<boolean> {
  const match = /^((\d+)-[0-9a-f]{16})-[0-9a-f]{8}$/.exec(name);
  if (match === null) return false;
  const holder = await processes.identify(Number(match[2]));
  return holder === undefined || ownerName(holder) !== match[1];
}

const ownerName = ({ pid, startedAt }: ProcessIdentity): string =>
  `${pid}-${createHash('sha256').update(startedAt).digest('hex').slice(0, 16)}`;
