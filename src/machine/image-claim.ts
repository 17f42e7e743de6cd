import { readdir, rm } from 'node:fs/promises';
import { systemErrorCode, WherryError } from '../core/errors.ts';
import type { BootImage } from '../drivers/driver.ts';
import { readTextIfExists, writeFileAtomic } from '../platform/atomic-file.ts';
import type { MachineContext } from './context.ts';
import { homeDirectories, nameInClaim } from './store/filenames.ts';
import { isMachineName } from './store/machine-store.ts';

/**
 * Runs work that ends with a machine's configuration naming an image; until then {@link machinesWithImage} counts the
 * machine, so that nobody removes the image under it. The caller holds the machine's lock: a claim whose maker has died
 * means nothing. Errors: `IMAGE_NOT_FOUND` where the image was removed before, the work's own.
 */
export async function withImage<T>(
  context: MachineContext,
  name: string,
  image: BootImage | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (image === undefined) return work();
  const { imageClaim } = context.store.files(name);
  await writeFileAtomic(imageClaim, image.id);
  try {
    // Claimed first: whoever removes it looks for claims once more when it has gone.
    await requireImage(context, image);
    return await work();
  } finally {
    await rm(imageClaim, { force: true });
  }
}

/** Error: `IMAGE_NOT_FOUND`. */
export async function requireImage({ images }: MachineContext, { id }: BootImage): Promise<void> {
  try {
    await images.get(id);
  } catch (error) {
    if (!(error instanceof WherryError) || error.code !== 'IMAGE_NOT_FOUND') throw error;
    throw new WherryError({
      code: 'IMAGE_NOT_FOUND',
      message: `the VM image ${id.slice(0, 12)} has been removed meanwhile`,
      hint: 'Try it again',
      cause: error,
    });
  }
}

/** The machines that boot from an image, and those that are about to. */
export async function machinesWithImage(
  { store }: Pick<MachineContext, 'store'>,
  id: string,
): Promise<string[]> {
  const using = new Set<string>();
  // Claims before configurations, which are written before a claim is withdrawn.
  for (const entry of await locksOf(store.home)) {
    const name = nameInClaim(entry);
    if (name === undefined || !isMachineName(name)) continue;
    if ((await readTextIfExists(store.files(name).imageClaim)) !== id) continue;
    if ((await store.busyWith(name)) !== undefined) using.add(name);
  }
  const stored = await Promise.all((await store.names()).map((name) => store.find(name)));
  for (const machine of stored) {
    if (machine?.state === 'ok' && machine.config.imageId === id) using.add(machine.config.name);
  }
  return [...using].sort();
}

async function locksOf(home: string): Promise<string[]> {
  try {
    return await readdir(homeDirectories(home).locks);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
