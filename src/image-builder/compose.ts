import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ZodError } from 'zod';
import { systemErrorCode } from '../core/errors.ts';
import { readTextIfExists, syncDirectory, writeFileAtomic } from '../platform/atomic-file.ts';
import { withLock } from '../platform/lock.ts';
import type { DownloadProgress } from '../platform/net/download.ts';
import { existingImage } from './existing-image.ts';
import type { WantedImage } from './existing-image.ts';
import { gather } from './gather.ts';
import type { Sources } from './gather.ts';
import { loadRecipe } from './recipe/load.ts';
import type { LoadedRecipe } from './recipe/load.ts';
import { USUAL_IMAGE_BYTES, withRoom } from './room.ts';
import { imageDirectory, readManifest } from './store/image-store.ts';
import { IMAGE_FILES, imageManifestSchema } from './store/manifest.ts';
import type { ImageManifest } from './store/manifest.ts';
import { writeImage } from './write-image.ts';

/** What a composition is doing; `packages` counts packages unpacked. */
export type ComposeProgress =
  | ({ readonly step: 'download' } & DownloadProgress)
  | { readonly step: 'packages'; readonly done: number; readonly total: number }
  | { readonly step: 'initrd' | 'system' | 'finish' };

export interface ComposeOptions extends WantedImage, Omit<Sources, 'onProgress'> {
  /** Where the ingredients come from; default: Debian's archive and npm's registry. */
  readonly gather?: typeof gather | undefined;
  readonly onProgress?: ((progress: ComposeProgress) => void) | undefined;
}

const STAGING_PREFIX = '.building-';
/** A second composition waits for the first: it will most likely find its image made. */
const LOCK_WAIT_MS = 30 * 60_000;

/** The image that was composed before ({@link existingImage}), or a new one. */
export async function ensureImage(options: ComposeOptions): Promise<ImageManifest> {
  const loaded = options.recipe ?? (await loadRecipe());
  const wanted = { ...options, recipe: loaded };
  const existing = await existingImage(wanted);
  if (existing !== undefined) return existing;
  return locked(options, async () => (await existingImage(wanted)) ?? (await compose(options, loaded)));
}

/**
 * Composes an image from what Debian and npm offer now: `<imagesDir>/<id>` with the kernel, the initrd, the system disk,
 * SBOM, lock file and manifest. The directory appears whole or not at all. The same ingredients give the same bytes on
 * every host, and then the same directory.
 * @throws whatever fetching throws; IMAGE_DISK_FULL saying what was needed
 */
export async function composeImage(options: ComposeOptions): Promise<ImageManifest> {
  const loaded = options.recipe ?? (await loadRecipe());
  return locked(options, async () => compose(options, loaded));
}

async function locked<T>({ imagesDir, arch, signal }: ComposeOptions, work: () => Promise<T>): Promise<T> {
  const options = { purpose: `composing the ${arch} image`, waitMs: LOCK_WAIT_MS, ...(signal && { signal }) };
  return withRoom(imagesDir, USUAL_IMAGE_BYTES, async () => {
    await mkdir(imagesDir, { recursive: true });
    return withLock(join(imagesDir, '.lock'), options, work);
  });
}

async function compose(options: ComposeOptions, loaded: LoadedRecipe): Promise<ImageManifest> {
  const { imagesDir, onProgress, signal } = options;
  for (const name of await readdir(imagesDir))
    if (name.startsWith(STAGING_PREFIX)) await rm(join(imagesDir, name), { recursive: true, force: true });

  const ingredients = await (options.gather ?? gather)(loaded.recipe, options.arch, {
    ...options,
    onProgress: (progress) => onProgress?.({ step: 'download', ...progress }),
  });
  const staging = join(imagesDir, `${STAGING_PREFIX}${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(staging, { mode: 0o700 });
    const manifest = await writeImage(options, loaded, ingredients, staging);
    signal?.throwIfAborted();
    return await moveIntoPlace(imagesDir, staging, manifest);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** An image that exists with the same id stays as it is, unless its manifest is gone or belongs to other inputs. */
async function moveIntoPlace(
  imagesDir: string,
  staging: string,
  manifest: ImageManifest,
): Promise<ImageManifest> {
  await syncDirectory(staging);
  const target = imageDirectory(imagesDir, manifest.id);
  try {
    await rename(staging, target);
  } catch (error) {
    const code = systemErrorCode(error);
    // Windows says EPERM where others say that the directory isn't empty.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error;
    await replaceFiles(target, staging);
  }
  await syncDirectory(imagesDir);
  return readManifest(imagesDir, manifest.id);
}

/**
 * Same kernel, initrd and system disk: what is said about them is brought up to date, the manifest last. The big ones are
 * replaced, too, each in one step: that repairs an image whose bytes were changed.
 */
async function replaceFiles(target: string, staging: string): Promise<void> {
  await keepUefiDisk(target, staging);
  const names = (await readdir(staging)).filter((name) => name !== IMAGE_FILES.manifest);
  for (const name of [...names, IMAGE_FILES.manifest]) await rename(join(staging, name), join(target, name));
  await syncDirectory(target);
}

/** Machines' disks may depend on the UEFI disk that was made of this very image: its new manifest names it, too. */
async function keepUefiDisk(target: string, staging: string): Promise<void> {
  const before = await readManifestIn(target);
  if (before?.files[IMAGE_FILES.uefiDisk] === undefined) return;
  const path = join(staging, IMAGE_FILES.manifest);
  const after = imageManifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  const files = { ...before.files, ...after.files };
  await writeFileAtomic(path, `${JSON.stringify({ ...after, files }, null, 2)}\n`);
}

async function readManifestIn(directory: string): Promise<ImageManifest | undefined> {
  const text = await readTextIfExists(join(directory, IMAGE_FILES.manifest));
  if (text === undefined) return undefined;
  try {
    return imageManifestSchema.parse(JSON.parse(text));
  } catch (error) {
    // A damaged manifest is what is being repaired.
    if (error instanceof SyntaxError || error instanceof ZodError) return undefined;
    throw error;
  }
}
