import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/*
 * What survives a power cut: a file's bytes after fsync, its name after fsync of the directory that holds the name.
 * Every commit here is write → fsync → rename → fsync directory.
 */

/** fsync(2) of a file or a directory. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Puts a finished, synced file in its place for good. */
export async function commitFile(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncPath(dirname(to));
}

const UNFINISHED = '.new';

/**
 * Replaces a file's content in one step: a reader sees the old or the new, also after a crash, and also where two
 * write at once (the later rename wins; who cares which must queue them).
 */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}${UNFINISHED}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await commitFile(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Removes what a crash left of {@link writeDurably} for `path`; for before its first write. Synchronous, as all that a
 * start does: nobody else is there yet, and under emulation a trip through the thread pool takes milliseconds.
 */
export function removeUnfinished(path: string): void {
  const directory = dirname(path);
  for (const name of readdirSync(directory)) {
    if (name.startsWith(`${basename(path)}.`) && name.endsWith(UNFINISHED)) rmSync(join(directory, name));
  }
}
