import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemErrorCode } from '../core/errors.ts';
import { syncDirectory } from '../platform/atomic-file.ts';
import { writeMachineKeys } from './machine-keys.ts';
import type { MachineFiles } from './store/filenames.ts';

/**
 * Makes a machine's keys anew, all four files together: they are written into a directory beside the others, whose
 * rename to its final name decides; {@link finishKeys} puts them in place, now or after a crash at the next start. The
 * machine is stopped, and its lock held.
 */
export async function renewMachineKeys(files: MachineFiles): Promise<void> {
  await finishKeys(files);
  const unfinished = unfinishedKeys(files);
  await mkdir(unfinished, { mode: 0o700 });
  const inside = (path: string): string => join(unfinished, basename(path));
  await writeMachineKeys({
    ...files,
    clientKey: inside(files.clientKey),
    clientPublicKey: inside(files.clientPublicKey),
    hostKey: inside(files.hostKey),
    knownHosts: inside(files.knownHosts),
  });
  await syncDirectory(unfinished);
  await rename(unfinished, files.newKeys);
  await syncDirectory(files.directory);
  await finishKeys(files);
}

const unfinishedKeys = ({ newKeys }: MachineFiles): string => `${newKeys}~`;

/**
 * Puts new keys in place that a crash has kept from it, and removes those that a crash came before all of them were
 * made; most times there are none.
 */
export async function finishKeys(files: MachineFiles): Promise<void> {
  await rm(unfinishedKeys(files), { recursive: true, force: true });
  let names: string[];
  try {
    names = await readdir(files.newKeys);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw error;
  }
  for (const name of names) await rename(join(files.newKeys, name), join(files.directory, name));
  await syncDirectory(files.directory);
  await rmdir(files.newKeys);
}
