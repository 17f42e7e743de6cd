import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, writeFileAtomic } from '../../platform/atomic-file.ts';
import { withLock } from '../../platform/lock.ts';
import { writeVhdx } from '../../platform/vhdx-file.ts';
import { extentSource } from '../disk/extent.ts';
import { uefiDisk } from '../disk/uefi-disk.ts';
import type { Sources } from '../gather.ts';
import { hashFile } from '../hash-file.ts';
import { loadRecipe } from '../recipe/load.ts';
import type { LoadedRecipe } from '../recipe/load.ts';
import { requireRoom, withRoom } from '../room.ts';
import { imageDirectory, readManifest } from '../store/image-store.ts';
import { IMAGE_FILES } from '../store/manifest.ts';
import type { ImageManifest } from '../store/manifest.ts';
import { unifiedKernelImage } from '../uki/uki.ts';
import { uefiInitrd } from './initrd.ts';
import { uefiIngredients } from './ingredients.ts';

export interface UefiOptions extends Sources {
  readonly imagesDir: string;
  /** The image's id. */
  readonly id: string;
  readonly recipe?: LoadedRecipe | undefined;
  readonly ingredients?: typeof uefiIngredients | undefined;
}

const LOCK_WAIT_MS = 30 * 60_000;

/**
 * Sees to it that an image has its UEFI disk, `uefi.vhdx`: the same kernel, initrd and system on a disk that UEFI boots. It is
 * made once, from the image and its own kernel's package; a disk that is there is kept, for machines' disks depend on its
 * bytes. @throws whatever fetching throws, UEFI_UNSUPPORTED, IMAGE_DISK_FULL
 */
export async function ensureUefiDisk(options: UefiOptions): Promise<ImageManifest> {
  const { imagesDir, id, signal } = options;
  const before = await readManifest(imagesDir, id);
  if (hasUefiDisk(before)) return before;
  const lock = { purpose: 'making the UEFI disk', waitMs: LOCK_WAIT_MS, ...(signal && { signal }) };
  return withLock(join(imagesDir, '.lock'), lock, async () => {
    const manifest = await readManifest(imagesDir, id);
    return hasUefiDisk(manifest) ? manifest : makeUefiDisk(options, manifest);
  });
}

export function hasUefiDisk(manifest: ImageManifest): boolean {
  return manifest.files[IMAGE_FILES.uefiDisk] !== undefined;
}

async function makeUefiDisk(options: UefiOptions, manifest: ImageManifest): Promise<ImageManifest> {
  const { imagesDir, signal } = options;
  const { recipe, root } = options.recipe ?? (await loadRecipe());
  const ingredients = await (options.ingredients ?? uefiIngredients)(recipe, imagesDir, manifest, options);
  const directory = imageDirectory(imagesDir, manifest.id);
  const systemFile = join(directory, IMAGE_FILES.system);
  const systemBytes = manifest.files[IMAGE_FILES.system]?.bytes ?? 0;
  const initrd = await readFile(join(directory, IMAGE_FILES.initrd));
  const uki = unifiedKernelImage({
    stub: ingredients.stub,
    kernel: ingredients.kernel.image,
    initrd: await uefiInitrd(initrd, recipe, ingredients.kernel, signal),
    commandLine: `${manifest.commandLine} ${recipe.uefi?.commandLine ?? ''}`.trim(),
    kernelVersion: ingredients.kernel.version,
    osRelease: root.get('etc/os-release') ?? Buffer.alloc(0),
  });
  const disk = uefiDisk({
    arch: manifest.arch,
    uki,
    system: { file: systemFile, bytes: systemBytes },
    digest: createHash('sha256').update(manifest.id).update(uki).digest(),
  });
  await requireRoom(imagesDir, disk.bytes);
  return withRoom(imagesDir, disk.bytes, async () => {
    const path = join(directory, IMAGE_FILES.uefiDisk);
    const temporary = join(imagesDir, `.building-uefi-${randomBytes(6).toString('hex')}`);
    const source = extentSource(disk.bytes, disk.extents);
    try {
      await writeVhdx(temporary, source, disk.ids, signal);
      const made = await hashFile(temporary, signal);
      const lock = uefiLock(ingredients);
      await writeFileAtomic(join(directory, IMAGE_FILES.uefiLock), lock);
      await rename(temporary, path);
      await syncDirectory(directory);
      return await addFiles(directory, manifest, {
        [IMAGE_FILES.uefiDisk]: made,
        [IMAGE_FILES.uefiLock]: {
          sha256: createHash('sha256').update(lock).digest('hex'),
          bytes: Buffer.byteLength(lock),
        },
      });
    } finally {
      await source.close();
      await rm(temporary, { force: true });
    }
  });
}

/** The manifest comes last: a crash before it leaves a file that isn't the image's, and the disk is made again. */
async function addFiles(
  directory: string,
  manifest: ImageManifest,
  added: ImageManifest['files'],
): Promise<ImageManifest> {
  const files = Object.fromEntries(
    Object.entries({ ...manifest.files, ...added }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const after: ImageManifest = { ...manifest, files };
  await writeFileAtomic(join(directory, IMAGE_FILES.manifest), `${JSON.stringify(after, null, 2)}\n`);
  return after;
}

/** As `lock.json`: what the disk has that the image hasn't, and who vouched for it. */
function uefiLock({ stubPackage, suites }: Awaited<ReturnType<typeof uefiIngredients>>): string {
  const { name, version, architecture, suite, url, sha256 } = stubPackage;
  const lock = {
    lockVersion: 1,
    suites,
    debian: [{ name, version, architecture, suite, url, sha256 }],
    npm: [],
  };
  return `${JSON.stringify(lock, null, 2)}\n`;
}
