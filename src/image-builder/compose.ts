import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch } from '../core/arch.ts';
import { systemErrorCode, WherryError } from '../core/errors.ts';
import { syncDirectory, writeFileDurably } from '../platform/atomic-file.ts';
import { withLock } from '../platform/lock.ts';
import type { DownloadProgress } from '../platform/net/download.ts';
import { cpioArchive } from './cpio/newc.ts';
import { writeErofs } from './erofs/writer.ts';
import { gather } from './gather.ts';
import type { Ingredients, Sources } from './gather.ts';
import { hashFile } from './hash-file.ts';
import { initrdTree } from './initrd-tree.ts';
import { moduleName, readKernelModules } from './kernel-modules.ts';
import { lockFile, sbomPackages } from './lock-file.ts';
import { loadRecipe } from './recipe/load.ts';
import type { LoadedRecipe } from './recipe/load.ts';
import { spdxDocument } from './sbom/spdx.ts';
import { findImage, imageDirectory, readManifest } from './store/image-store.ts';
import { IMAGE_FILES, imageId } from './store/manifest.ts';
import type { ImageFiles, ImageManifest } from './store/manifest.ts';
import { systemTree } from './system-tree.ts';
import { globToRegExp } from './tree/glob.ts';
import { readKernelPackage } from './unpack.ts';
import { extractKernel } from './vmlinux/extract.ts';

/** What a composition is doing; `packages` counts packages unpacked. */
export type ComposeProgress =
  | ({ readonly step: 'download' } & DownloadProgress)
  | { readonly step: 'packages'; readonly done: number; readonly total: number }
  | { readonly step: 'kernel' | 'initrd' | 'system' | 'finish' };

export interface ComposeOptions extends Omit<Sources, 'onProgress'> {
  readonly arch: Arch;
  readonly imagesDir: string;
  /** The engine's bundle, as this Wherry ships it. */
  readonly engineBundle: string;
  readonly wherryVersion: string;
  /** Default: the recipe `machine` that ships with Wherry. */
  readonly recipe?: LoadedRecipe | undefined;
  readonly onProgress?: ((progress: ComposeProgress) => void) | undefined;
}

const STAGING_PREFIX = '.building-';
/** A second composition waits for the first: it will most likely find its image made. */
const LOCK_WAIT_MS = 30 * 60_000;

/**
 * The image that a composition from the same recipe, engine bundle and Wherry version made before, or a new one. Finding
 * one takes no network and no hashing of images.
 */
export async function ensureImage(options: ComposeOptions): Promise<ImageManifest> {
  const loaded = options.recipe ?? (await loadRecipe());
  const existing = await existingImage(options, loaded);
  if (existing !== undefined) return existing;
  return locked(
    options,
    async () => (await existingImage(options, loaded)) ?? (await compose(options, loaded)),
  );
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

async function existingImage(
  options: ComposeOptions,
  loaded: LoadedRecipe,
): Promise<ImageManifest | undefined> {
  const { sha256 } = await hashFile(options.engineBundle, options.signal);
  return findImage(options.imagesDir, {
    arch: options.arch,
    recipeDigest: loaded.digest,
    engine: sha256,
    wherryVersion: options.wherryVersion,
  });
}

async function locked<T>({ imagesDir, arch, signal }: ComposeOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(imagesDir, { recursive: true });
  const purpose = `composing the ${arch} image`;
  return withLock(
    join(imagesDir, '.lock'),
    { purpose, waitMs: LOCK_WAIT_MS, ...(signal && { signal }) },
    work,
  );
}

async function compose(options: ComposeOptions, loaded: LoadedRecipe): Promise<ImageManifest> {
  const { imagesDir, onProgress, signal } = options;
  for (const name of await readdir(imagesDir))
    if (name.startsWith(STAGING_PREFIX)) await rm(join(imagesDir, name), { recursive: true, force: true });

  const ingredients = await gather(loaded.recipe, options.arch, {
    ...options,
    onProgress: (progress) => onProgress?.({ step: 'download', ...progress }),
  });
  const staging = join(imagesDir, `${STAGING_PREFIX}${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(staging, { mode: 0o700 });
    const manifest = await writeImage(options, loaded, ingredients, staging);
    signal?.throwIfAborted();
    return await moveIntoPlace(imagesDir, staging, manifest);
  } catch (error) {
    throw await withRoomNeeded(error, staging);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function writeImage(
  options: ComposeOptions,
  loaded: LoadedRecipe,
  ingredients: Ingredients,
  staging: string,
): Promise<ImageManifest> {
  const { arch, onProgress, signal } = options;
  const { recipe } = loaded;

  onProgress?.({ step: 'kernel' });
  const kernel = await readKernelPackage(ingredients.kernel, signal);
  await writeFileDurably(join(staging, IMAGE_FILES.kernel[arch]), await extractKernel(arch, kernel.image));
  const named = new Set(
    [...recipe.modules.initrd, ...Object.values(recipe.modules.lists).flat()].map(moduleName),
  );
  const globs = recipe.modules.available.map(globToRegExp);
  const modules = await readKernelModules(
    kernel.modules,
    (path, name) => named.has(name) || globs.some((glob) => glob.test(path.replace(/^kernel\//, ''))),
  );

  const engineBundle = await readFile(options.engineBundle);
  const { tree, buildTime } = await systemTree({
    loaded,
    arch,
    ingredients,
    kernel,
    modules,
    engineBundle,
    signal,
    onPackage: (done, total) => onProgress?.({ step: 'packages', done, total }),
  });

  onProgress?.({ step: 'initrd' });
  const initrd = cpioArchive(initrdTree(loaded, tree, modules, kernel, buildTime));
  await writeFileDurably(join(staging, IMAGE_FILES.initrd), initrd);

  onProgress?.({ step: 'system' });
  const system = join(staging, IMAGE_FILES.system);
  await writeErofs(tree, system, { buildTime, volumeName: 'wherry-system', ...(signal && { signal }) });
  await syncFile(system);

  onProgress?.({ step: 'finish' });
  const tarballs = await Promise.all(
    ingredients.npm.map(async ({ path }) => (await hashFile(path, signal)).sha256),
  );
  const subject = {
    name: `wherry-${recipe.name}-${arch}`,
    created: buildTime,
    toolVersion: options.wherryVersion,
  };
  await writeFileDurably(
    join(staging, IMAGE_FILES.sbom),
    spdxDocument(subject, sbomPackages(ingredients, tarballs)),
  );
  await writeFileDurably(join(staging, IMAGE_FILES.lock), lockFile(ingredients));

  const files: ImageFiles = {};
  for (const name of (await readdir(staging)).sort())
    files[name] = await hashFile(join(staging, name), signal);
  const commandLine = recipe.commandLine[arch];
  const manifest: ImageManifest = {
    imageVersion: 1,
    id: imageId({ arch, commandLine, files }),
    arch,
    recipe: { name: recipe.name, digest: loaded.digest },
    engine: (await hashFile(options.engineBundle)).sha256,
    wherryVersion: options.wherryVersion,
    created:
      ingredients.suites
        .map(({ date }) => date)
        .sort()
        .at(-1) ?? new Date(buildTime * 1000).toISOString(),
    kernelVersion: kernel.version,
    commandLine,
    files,
  };
  await writeFileDurably(join(staging, IMAGE_FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
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
    await replaceSideFiles(target, staging);
  }
  await syncDirectory(imagesDir);
  return readManifest(imagesDir, manifest.id);
}

/** Same kernel, initrd and system disk: what is said about them is brought up to date, the manifest last. */
async function replaceSideFiles(target: string, staging: string): Promise<void> {
  const names = (await readdir(staging)).filter((name) => name !== IMAGE_FILES.manifest);
  for (const name of [...names, IMAGE_FILES.manifest]) await rename(join(staging, name), join(target, name));
  await syncDirectory(target);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function withRoomNeeded(error: unknown, staging: string): Promise<unknown> {
  if (systemErrorCode(error) !== 'ENOSPC') return error;
  return new WherryError({
    code: 'IMAGE_DISK_FULL',
    message: `The disk is full: composing an image at ${staging} needs about 300 MiB.`,
    hint: 'Free some space, or remove images that no machine uses: wherry machine image prune',
    cause: error,
  });
}
