import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../core/errors.ts';
import { syncDirectory } from '../../platform/atomic-file.ts';
import type { MachineFiles } from '../store/filenames.ts';

/** Where a restore is prepared: what a crash leaves here means nothing. */
export const unfinishedRestore = ({ restored }: MachineFiles): string => `${restored}~`;

/**
 * Puts a restored data disk and its machine.json in place where a crash has kept a restore from it after it was decided,
 * and removes what came before that; most times there is neither.
 */
export async function finishRestore(files: MachineFiles): Promise<void> {
  await rm(unfinishedRestore(files), { recursive: true, force: true });
  let names: string[];
  try {
    names = await readdir(files.restored);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names) await rename(join(files.restored, name), join(files.directory, name));
  await syncDirectory(files.directory);
  await rmdir(files.restored);
}
