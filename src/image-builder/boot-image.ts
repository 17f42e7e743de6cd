import { resolve } from 'node:path';
import type { ImageManifest } from './store/manifest.ts';
import { imageDirectory } from './store/image-store.ts';
import { IMAGE_FILES } from './store/manifest.ts';

/** The files that a driver boots from, in the shape of `BootImage` (drivers/driver.ts). */
export function bootFiles(
  imagesDir: string,
  manifest: ImageManifest,
): {
  readonly id: string;
  readonly arch: ImageManifest['arch'];
  readonly kernel: string;
  readonly initrd: string;
  readonly systemDisk: string;
  readonly commandLine: string;
  readonly uefiDisk?: string | undefined;
} {
  const { id, arch, commandLine } = manifest;
  const hasUefiDisk = manifest.files[IMAGE_FILES.uefiDisk] !== undefined;
  const file = (name: string): string => resolve(imageDirectory(imagesDir, id), name);
  return {
    id,
    arch,
    commandLine,
    kernel: file(IMAGE_FILES.kernel[arch]),
    initrd: file(IMAGE_FILES.initrd),
    systemDisk: file(IMAGE_FILES.system),
    ...(hasUefiDisk ? { uefiDisk: file(IMAGE_FILES.uefiDisk) } : {}),
  };
}
