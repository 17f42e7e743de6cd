import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileDurably } from '../platform/atomic-file.ts';
import type { ComposeOptions } from './compose.ts';
import { cpioArchive } from './cpio/newc.ts';
import { writeErofs } from './erofs/writer.ts';
import type { Ingredients } from './gather.ts';
import { hashFile } from './hash-file.ts';
import { initrdTree } from './initrd-tree.ts';
import { moduleName, readKernelModules } from './kernel-modules.ts';
import { lockFile, sbomPackages } from './lock-file.ts';
import type { LoadedRecipe } from './recipe/load.ts';
import { spdxDocument } from './sbom/spdx.ts';
import { IMAGE_FILES, imageId } from './store/manifest.ts';
import type { ImageFiles, ImageManifest } from './store/manifest.ts';
import { systemTree } from './system-tree.ts';
import { globToRegExp } from './tree/glob.ts';
import { readKernelPackage } from './unpack.ts';
import { extractKernel } from './vmlinux/extract.ts';

/** Writes an image's files into an empty directory, each synced, the manifest last. */
export async function writeImage(
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

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
