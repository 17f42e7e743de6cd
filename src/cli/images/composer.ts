import { join } from 'node:path';
import type { Arch } from '../../core/arch.ts';
import { bootFiles } from '../../image-builder/boot-image.ts';
import {
  composeImage,
  ensureImage,
  type ComposeOptions,
  type ComposeProgress,
} from '../../image-builder/compose.ts';
import {
  prepareImage,
  type PreparedImage,
  type PrepareOptions,
} from '../../image-builder/bootstrap/prepare.ts';
import {
  listImages,
  pruneImages,
  readManifest,
  removeImage,
  resolveImageId,
  verifyImage,
  type ListedImage,
  type UsedBy,
  type VerifyResult,
} from '../../image-builder/store/image-store.ts';
import type { ImageManifest } from '../../image-builder/store/manifest.ts';
import { ensureUefiDisk } from '../../image-builder/uefi/uefi-image.ts';

export interface ComposerPlaces {
  readonly imagesDir: string;
  readonly cacheDir: string;
  readonly engineBundle: string;
  readonly wherryVersion: string;
  readonly env: NodeJS.ProcessEnv;
}

/** VM images as this home has them: what the image commands and the machine service call. */
export interface Composer {
  ensure(
    arch: Arch,
    onProgress?: (progress: ComposeProgress) => void,
    signal?: AbortSignal,
  ): Promise<ImageManifest>;
  build(
    arch: Arch,
    onProgress?: (progress: ComposeProgress) => void,
    signal?: AbortSignal,
  ): Promise<ImageManifest>;
  /** The image with its UEFI disk, which is made where it isn't there yet. */
  uefiDisk(id: string, signal?: AbortSignal): Promise<ImageManifest>;
  manifest(id: string): Promise<ImageManifest>;
  bootFiles(manifest: ImageManifest): ReturnType<typeof bootFiles>;
  list(): Promise<ListedImage[]>;
  /** @throws IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS */
  resolve(given: string): Promise<string>;
  verify(id: string, signal?: AbortSignal): Promise<VerifyResult>;
  remove(id: string, usedBy: UsedBy): Promise<void>;
  prune(usedBy: UsedBy): Promise<{ removed: string[]; bytes: number }>;
  directory(id: string): string;
  /** The half of a container image of Debian packages that needs no machine. */
  prepare(request: PrepareRequest): Promise<PreparedImage>;
}

export type PrepareRequest = Omit<PrepareOptions, 'cacheDir' | 'mirrors'>;

export function createComposer(places: ComposerPlaces): Composer {
  const { imagesDir, env } = places;
  const mirrors = { main: env['WHERRY_DEBIAN_MIRROR'], security: env['WHERRY_DEBIAN_SECURITY_MIRROR'] };
  const options = (
    arch: Arch,
    onProgress: ((progress: ComposeProgress) => void) | undefined,
    signal: AbortSignal | undefined,
  ): ComposeOptions => ({
    ...places,
    arch,
    mirrors,
    npmRegistry: env['WHERRY_NPM_REGISTRY'],
    onProgress,
    signal,
  });
  return {
    ensure: (arch, onProgress, signal) => ensureImage(options(arch, onProgress, signal)),
    build: (arch, onProgress, signal) => composeImage(options(arch, onProgress, signal)),
    uefiDisk: (id, signal) => ensureUefiDisk({ imagesDir, cacheDir: places.cacheDir, id, mirrors, signal }),
    manifest: (id) => readManifest(imagesDir, id),
    bootFiles: (manifest) => bootFiles(imagesDir, manifest),
    list: () => listImages(imagesDir),
    resolve: (given) => resolveImageId(imagesDir, given),
    verify: (id, signal) => verifyImage(imagesDir, id, signal),
    remove: (id, usedBy) => removeImage(imagesDir, id, usedBy),
    prune: (usedBy) => pruneImages(imagesDir, usedBy),
    directory: (id) => join(imagesDir, id),
    prepare: (request) => prepareImage({ ...request, cacheDir: places.cacheDir, mirrors }),
  };
}
