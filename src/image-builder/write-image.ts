import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Arch } from '../core/arch.ts';
import { writeFileDurably } from '../platform/atomic-file.ts';
import type { ComposeOptions } from './compose.ts';
import { cpioArchive } from './cpio/newc.ts';
import { erofsBytes, writeErofs } from './erofs/writer.ts';
import type { Ingredients } from './gather.ts';
import { hashFile } from './hash-file.ts';
import { initrdTree } from './initrd-tree.ts';
import { kernelParts } from './kernel-parts.ts';
import { lockFile, sbomPackages } from './lock-file.ts';
import type { LoadedRecipe } from './recipe/load.ts';
import type { Recipe } from './recipe/schema.ts';
import { requireRoom, withRoom } from './room.ts';
import { spdxDocument } from './sbom/spdx.ts';
import { IMAGE_FILES, imageId } from './store/manifest.ts';
import type { ImageFiles, ImageManifest } from './store/manifest.ts';
import { completeTree, packageTree } from './system-tree.ts';
import type { PackageTree } from './system-tree.ts';
import { together } from './together.ts';

/** What goes into the files, all of it in memory. */
interface Contents {
  readonly kernelVersion: string;
  readonly system: PackageTree;
  /** By file name: everything but the system disk and the manifest. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** Of the engine's bundle. */
  readonly engine: string;
}

/**
 * Writes an image's files into an empty directory, each synced, the manifest last.
 * @throws IMAGE_DISK_FULL with what is needed
 */
export async function writeImage(
  options: ComposeOptions,
  loaded: LoadedRecipe,
  ingredients: Ingredients,
  staging: string,
): Promise<ImageManifest> {
  const contents = await prepare(options, loaded, ingredients);
  const needed = bytesNeeded(contents);
  await requireRoom(dirname(staging), needed);
  return withRoom(dirname(staging), needed, async () => {
    const files = await writeFiles(options, contents, staging);
    const manifest = manifestOf(options, loaded, ingredients, contents, files);
    await writeFileDurably(join(staging, IMAGE_FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  });
}

/** Unpacks the kernel and the packages side by side, and makes of them what the image holds. */
async function prepare(
  { arch, engineBundle, wherryVersion, onProgress, signal }: ComposeOptions,
  loaded: LoadedRecipe,
  ingredients: Ingredients,
): Promise<Contents> {
  const { recipe } = loaded;
  const total = ingredients.packages.length + ingredients.npm.length + 1;
  let done = 0;
  const onPackage = (): void => onProgress?.({ step: 'packages', done: (done += 1), total });
  const [{ kernel, modules, bootable }, system, tarballs, engine, engineCode] = await together(
    signal,
    async (stop) => {
      const parts = await kernelParts(recipe, arch, ingredients.kernel, stop);
      onPackage();
      return parts;
    },
    async (stop) => packageTree(arch, ingredients, onPackage, stop),
    async (stop) => Promise.all(ingredients.npm.map(async ({ path }) => (await hashFile(path, stop)).sha256)),
    async (stop) => readFile(engineBundle, { signal: stop }),
    async (stop) => compiledEngine(engineBundle, arch, stop),
  );
  completeTree(system, { loaded, kernel, modules, engineBundle: engine, engineCode });

  onProgress?.({ step: 'initrd' });
  const { tree, buildTime } = system;
  const subject = { name: `wherry-${recipe.name}-${arch}`, created: buildTime, toolVersion: wherryVersion };
  const files = new Map<string, string | Uint8Array>([
    [IMAGE_FILES.kernel[arch], bootable],
    [IMAGE_FILES.initrd, cpioArchive(initrdTree(loaded, tree, modules, kernel, buildTime))],
    [IMAGE_FILES.sbom, spdxDocument(subject, sbomPackages(ingredients, tarballs))],
    [IMAGE_FILES.lock, lockFile(ingredients)],
  ]);
  return { kernelVersion: kernel.version, system, files, engine: sha256(engine) };
}

/**
 * What V8 made of the bundle when this Wherry was built, `engine.<arch>.code` beside it. A build on another architecture
 * has none; the engine is then compiled at each boot, which takes longer and changes nothing else.
 */
async function compiledEngine(bundle: string, arch: Arch, signal: AbortSignal): Promise<Buffer | undefined> {
  const path = join(dirname(bundle), `${basename(bundle, extname(bundle))}.${arch}.code`);
  return existsSync(path) ? readFile(path, { signal }) : undefined;
}

/** Of all files, each rounded up to what a disk allots for it. */
function bytesNeeded({ system, files }: Contents): number {
  const allotted = [...files.values()].reduce((sum, data) => sum + Math.ceil(data.length / 4096) * 4096, 0);
  return erofsBytes(system.tree, system.buildTime) + allotted + 4096;
}

/** Writes and syncs all files side by side. @returns their digests by name, in byte order */
async function writeFiles(
  { onProgress, signal }: ComposeOptions,
  { system, files }: Contents,
  staging: string,
): Promise<ImageFiles> {
  onProgress?.({ step: 'system' });
  const digests: ImageFiles = {};
  const writeDisk = async (stop: AbortSignal): Promise<void> => {
    const path = join(staging, IMAGE_FILES.system);
    await writeErofs(system.tree, path, {
      buildTime: system.buildTime,
      volumeName: 'wherry-system',
      signal: stop,
    });
    onProgress?.({ step: 'finish' });
    await together(
      stop,
      async () => syncFile(path),
      async (stopHashing) => {
        digests[IMAGE_FILES.system] = await hashFile(path, stopHashing);
      },
    );
  };
  const writeOthers = [...files].map(([name, data]) => async (): Promise<void> => {
    await writeFileDurably(join(staging, name), data);
    digests[name] = { sha256: sha256(data), bytes: Buffer.byteLength(data) };
  });
  await together(signal, writeDisk, ...writeOthers);
  return Object.fromEntries(Object.entries(digests).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function manifestOf(
  { arch, wherryVersion }: ComposeOptions,
  { recipe, digest }: LoadedRecipe,
  { suites }: Ingredients,
  { kernelVersion, system, engine }: Contents,
  files: ImageFiles,
): ImageManifest {
  const commandLine = recipe.commandLine[arch];
  const newest = suites
    .map(({ date }) => date)
    .sort()
    .at(-1);
  return {
    imageVersion: 1,
    id: imageId({ arch, commandLine, files }),
    arch,
    recipe: { name: recipe.name, digest },
    engine,
    wherryVersion,
    created: newest ?? new Date(system.buildTime * 1000).toISOString(),
    distribution: distributionOf(recipe, suites),
    kernelVersion,
    commandLine,
    files,
  };
}

/** The release by its number; by its name where its InRelease has none. */
function distributionOf({ release }: Recipe, suites: Ingredients['suites']): string {
  return `Debian ${suites.find(({ suite }) => suite === release)?.version ?? release}`;
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
