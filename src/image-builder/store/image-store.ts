import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arch } from '../../core/arch.ts';
import { messageOf, systemErrorCode, WherryError } from '../../core/errors.ts';
import { syncDirectory } from '../../platform/atomic-file.ts';
import { hashFile } from '../hash-file.ts';
import { IMAGE_FILES, imageId, imageManifestSchema } from './manifest.ts';
import type { ImageManifest } from './manifest.ts';

/** What must be the same for an existing image to be the one that a new composition would aim at. */
export interface ImageInputs {
  readonly arch: Arch;
  readonly recipeDigest: string;
  readonly engine: string;
  readonly wherryVersion: string;
}

/** The machines that boot from an image or are about to, by name. */
export type UsedBy = (id: string) => Promise<readonly string[]>;

/** An image, or why it can't be used: `ls` shows broken ones beside the others. */
export type ListedImage =
  | { readonly id: string; readonly manifest: ImageManifest; readonly bytes: number }
  | { readonly id: string; readonly broken: string };

export interface VerifyResult {
  readonly id: string;
  /** Files that are missing, or whose bytes aren't those of `image.json`; empty when all is well. */
  readonly tampered: readonly { readonly file: string; readonly reason: string }[];
}

export function imageDirectory(imagesDir: string, id: string): string {
  return join(imagesDir, id);
}

/** All images, newest first, broken ones last. */
export async function listImages(imagesDir: string): Promise<ListedImage[]> {
  const ids = await imageIds(imagesDir);
  const listed = await Promise.all(ids.map(async (id) => listOne(imagesDir, id)));
  return listed.sort((a, b) => sortKey(b).localeCompare(sortKey(a), 'en'));
}

/** An image's manifest. @throws IMAGE_NOT_FOUND, IMAGE_BROKEN */
export async function readManifest(imagesDir: string, id: string): Promise<ImageManifest> {
  const path = join(imageDirectory(imagesDir, id), IMAGE_FILES.manifest);
  try {
    const manifest = imageManifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    if (manifest.id === id && imageId(manifest) === id) return manifest;
    throw new Error('its id is not the digest of its files');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') throw notFound(id);
    throw new WherryError({
      code: 'IMAGE_BROKEN',
      message: `The image ${shortId(id)} is damaged: ${IMAGE_FILES.manifest} can't be used (${messageOf(error).split('\n')[0] ?? ''})`,
      hint: `Remove it and build it again: wherry machine image rm ${shortId(id)}`,
      cause: error,
    });
  }
}

/** The full id for an id or an unambiguous beginning of one. @throws IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS */
export async function resolveImageId(imagesDir: string, given: string): Promise<string> {
  const matches = (await imageIds(imagesDir)).filter(
    (id) => given !== '' && id.startsWith(given.replace(/^sha256:/, '')),
  );
  if (matches.length === 1 && matches[0] !== undefined) return matches[0];
  if (matches.length === 0) throw notFound(given);
  throw new WherryError({
    code: 'IMAGE_AMBIGUOUS',
    message: `"${given}" is the beginning of ${matches.length} images: ${matches.map(shortId).join(', ')}`,
  });
}

/** The newest image made from these inputs whose files are all there, by size: without hashing, without a network. */
export async function findImage(imagesDir: string, inputs: ImageInputs): Promise<ImageManifest | undefined> {
  for (const image of await listImages(imagesDir)) {
    if ('broken' in image) continue;
    const { manifest } = image;
    const isSame =
      manifest.arch === inputs.arch &&
      manifest.recipe.digest === inputs.recipeDigest &&
      manifest.engine === inputs.engine &&
      manifest.wherryVersion === inputs.wherryVersion;
    if (isSame && (await hasAllFiles(imagesDir, manifest))) return manifest;
  }
  return undefined;
}

/** Hashes every file of an image against its manifest. */
export async function verifyImage(
  imagesDir: string,
  id: string,
  signal?: AbortSignal,
): Promise<VerifyResult> {
  const manifest = await readManifest(imagesDir, id);
  const directory = imageDirectory(imagesDir, id);
  const tampered: { file: string; reason: string }[] = [];
  for (const [file, expected] of Object.entries(manifest.files)) {
    try {
      const found = await hashFile(join(directory, file), signal);
      if (found.sha256 !== expected.sha256)
        tampered.push({ file, reason: `its sha256 is ${found.sha256}, not ${expected.sha256}` });
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      tampered.push({ file, reason: 'it is missing' });
    }
  }
  const known = new Set([...Object.keys(manifest.files), IMAGE_FILES.manifest]);
  for (const file of await readdir(directory))
    if (!known.has(file)) tampered.push({ file, reason: 'it does not belong to the image' });
  return { id, tampered };
}

/** Removes an image, a broken one too. @throws IMAGE_IN_USE naming the machines, IMAGE_NOT_FOUND */
export async function removeImage(imagesDir: string, id: string, usedBy: UsedBy): Promise<void> {
  if (!(await imageIds(imagesDir)).includes(id)) throw notFound(id);
  requireUnused(id, await usedBy(id));
  // Renamed first: what a killed removal leaves is no half image but a name that the next composition sweeps.
  const doomed = join(imagesDir, `.building-removed-${id.slice(0, 12)}-${process.pid}`);
  await rename(imageDirectory(imagesDir, id), doomed);
  try {
    // A machine that has come to it meanwhile has either been seen here or finds that it has gone.
    requireUnused(id, await usedBy(id));
  } catch (error) {
    await rename(doomed, imageDirectory(imagesDir, id));
    throw error;
  }
  await syncDirectory(imagesDir);
  await rm(doomed, { recursive: true, force: true });
}

function requireUnused(id: string, machines: readonly string[]): void {
  if (machines.length === 0) return;
  throw new WherryError({
    code: 'IMAGE_IN_USE',
    message: `The image ${shortId(id)} is used by the machine${machines.length > 1 ? 's' : ''} ${machines.join(', ')}`,
    hint: 'Remove the machine first: wherry machine rm',
  });
}

/** Removes every image that no machine uses, except the one given. @returns the ids and the bytes that they had */
export async function pruneImages(
  imagesDir: string,
  usedBy: UsedBy,
  keep?: string,
): Promise<{ removed: string[]; bytes: number }> {
  const removed: string[] = [];
  let bytes = 0;
  for (const image of await listImages(imagesDir)) {
    if (image.id === keep || (await usedBy(image.id)).length > 0) continue;
    try {
      await removeImage(imagesDir, image.id, usedBy);
    } catch (error) {
      // Taken since it was asked.
      if (error instanceof WherryError && error.code === 'IMAGE_IN_USE') continue;
      throw error;
    }
    removed.push(image.id);
    bytes += 'bytes' in image ? image.bytes : 0;
  }
  return { removed, bytes };
}

/** The first 12 digits: how ids are shown. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

async function imageIds(imagesDir: string): Promise<string[]> {
  try {
    return (await readdir(imagesDir)).filter((name) => /^[0-9a-f]{64}$/.test(name)).sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function listOne(imagesDir: string, id: string): Promise<ListedImage> {
  try {
    const manifest = await readManifest(imagesDir, id);
    const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
    return { id, manifest, bytes };
  } catch (error) {
    return { id, broken: messageOf(error) };
  }
}

async function hasAllFiles(imagesDir: string, manifest: ImageManifest): Promise<boolean> {
  for (const [name, { bytes }] of Object.entries(manifest.files)) {
    try {
      const found = await stat(join(imageDirectory(imagesDir, manifest.id), name));
      if (found.size !== bytes) return false;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }
  return true;
}

function sortKey(image: ListedImage): string {
  return 'broken' in image ? '' : image.manifest.created;
}

function notFound(id: string): WherryError {
  return new WherryError({
    code: 'IMAGE_NOT_FOUND',
    message: `No image "${shortId(id)}"`,
    hint: 'See what there is: wherry machine image ls',
  });
}
