import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

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

/** Replaces a file's content in one step: a reader sees the old or the new, also after a crash. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await commitFile(temporary, path);
}
