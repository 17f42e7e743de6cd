import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../core/errors.ts';
import { sizeOf } from './digest-cache.ts';
import type { Digest } from './digest-cache.ts';

/**
 * Downloads in progress: `<cache>/partial/<algorithm>-<hex>.part`, the bytes received so far of one digest.
 * While somebody writes it, it is called `….<pid>.<n>.part`: taking it is a rename, so two processes can
 * never append to the same file, and what a killed process left is taken over when its pid is gone.
 */
export interface Partial {
  path: string;
  /** Gives it back for a later run to resume. */
  release(): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
}

let claims = 0;

/** Takes an earlier partial of this digest, or a name for a new one (the file then doesn't exist yet). */
export async function claimPartial(cacheDir: string, digest: Digest): Promise<Partial> {
  const directory = join(cacheDir, 'partial');
  await mkdir(directory, { recursive: true });
  const base = `${digest.algorithm}-${digest.hex}`;
  const resting = join(directory, `${base}.part`);
  claims += 1;
  const path = join(directory, `${base}.${process.pid}.${claims}.part`);
  if (!(await renamed(resting, path))) {
    for (const orphan of await orphansOf(directory, base))
      if (await renamed(join(directory, orphan), path)) break;
  }
  return {
    path,
    release: async () => {
      if ((await sizeOf(path)) === 0) await rm(path, { force: true });
      else await renamed(path, resting);
    },
    discard: async () => {
      await rm(path, { force: true });
    },
  };
}

async function orphansOf(directory: string, base: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter((name) => {
    if (!name.startsWith(`${base}.`)) return false;
    const pid = /^\.(\d+)\.\d+\.part$/.exec(name.slice(base.length))?.[1];
    return pid !== undefined && !isAlive(Number(pid));
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH';
  }
}

/** Renames if the source exists. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
