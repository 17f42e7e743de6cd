import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { WherryError } from '../../core/errors.ts';
import { createDownloader } from '../../platform/net/download.ts';
import { createHttpGet } from '../../platform/net/http-client.ts';
import { openArchive } from '../debian/archive.ts';
import type { FetchedPackage, OpenedSuite } from '../debian/archive.ts';
import { readDeb } from '../debian/deb.ts';
import { debianSuites } from '../debian/suites.ts';
import type { Sources } from '../gather.ts';
import type { Recipe } from '../recipe/schema.ts';
import { imageDirectory } from '../store/image-store.ts';
import { IMAGE_FILES } from '../store/manifest.ts';
import type { ImageManifest } from '../store/manifest.ts';
import { readKernelPackage } from '../unpack.ts';
import type { KernelFiles } from '../unpack.ts';

/** What a UEFI disk is made of besides the image itself. */
export interface UefiIngredients {
  readonly kernel: KernelFiles;
  readonly stub: Buffer;
  readonly stubPackage: FetchedPackage['record'];
  readonly suites: readonly OpenedSuite[];
}

/** What of an image's `lock.json` (../lock-file.ts) is needed to have its kernel's package again. */
const lockedPackages = z.object({
  debian: z.array(z.object({ name: z.string(), version: z.string(), url: z.string(), sha256: z.string() })),
});

/**
 * The kernel's package that the image was made from, by its digest, mostly out of the cache, and today's boot stub through
 * Debian's signed lists. @throws whatever fetching throws, UEFI_UNSUPPORTED
 */
export async function uefiIngredients(
  recipe: Recipe,
  imagesDir: string,
  manifest: ImageManifest,
  sources: Sources,
): Promise<UefiIngredients> {
  const { uefi } = recipe;
  if (uefi === undefined) throw unsupported(`the recipe ${recipe.name} has no UEFI disk`);
  const kernel = await lockedKernel(imagesDir, manifest, sources);
  const { signal, onProgress, cacheDir, offline = false } = sources;
  const archive = await openArchive({
    suites: await debianSuites(recipe.release, sources.mirrors ?? {}),
    arch: manifest.arch,
    cacheDir,
    offline,
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const [fetched] = await archive.fetch(archive.resolve([uefi.package], { exclude: uefi.exclude }));
  if (fetched === undefined) throw unsupported(`Debian has no package ${uefi.package}`);
  const stub = await fileOf(fetched, uefi.stub[manifest.arch]);
  return { kernel, stub, stubPackage: fetched.record, suites: archive.suites };
}

async function lockedKernel(
  imagesDir: string,
  manifest: ImageManifest,
  { cacheDir, signal, onProgress, offline }: Sources,
): Promise<KernelFiles> {
  const path = join(imageDirectory(imagesDir, manifest.id), IMAGE_FILES.lock);
  const { debian } = lockedPackages.parse(JSON.parse(await readFile(path, 'utf8')));
  const locked = debian.find(({ name }) => /^linux-image-\d/.test(name));
  if (locked === undefined) throw unsupported('the image names no kernel package');
  const downloader = createDownloader({ cacheDir, get: createHttpGet() });
  const request = {
    name: `${locked.name} ${locked.version}`,
    url: locked.url,
    digest: { algorithm: 'sha256' as const, hex: locked.sha256 },
    maxBytes: MAX_KERNEL_PACKAGE_BYTES,
  };
  const [deb = ''] = await downloader.fetchAll([request], { signal, onProgress, offline });
  return readKernelPackage({ record: { name: locked.name }, path: deb }, signal);
}

/** Debian's cloud kernels have about 30 MB, its generic ones 110. */
const MAX_KERNEL_PACKAGE_BYTES = 128 << 20;

async function fileOf({ record, path }: FetchedPackage, wanted: string): Promise<Buffer> {
  for await (const entry of readDeb(path))
    if (entry.type === 'file' && entry.path === wanted) return Buffer.from(entry.content);
  throw unsupported(`${record.name} ${record.version} has no ${wanted}`);
}

function unsupported(why: string): WherryError {
  return new WherryError({ code: 'UEFI_UNSUPPORTED', message: `No UEFI disk can be made: ${why}` });
}
