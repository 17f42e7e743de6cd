import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ARCHES } from '../../core/arch.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The names of an image's files, by what they are. */
export const IMAGE_FILES = {
  kernel: { amd64: 'vmlinux', arm64: 'Image' },
  initrd: 'initrd',
  system: 'system.erofs',
  sbom: 'sbom.spdx.json',
  lock: 'lock.json',
  manifest: 'image.json',
  /** Made when a driver asks for it: the same system for UEFI, and what it was made from. */
  uefiDisk: 'uefi.vhdx',
  uefiLock: 'uefi.lock.json',
} as const;

/** `image.json`: what an image is, what it was made from, and the digest of every file beside it. */
export const imageManifestSchema = z.strictObject({
  imageVersion: z.literal(1),
  /** sha256 over what boots: see {@link imageId}. */
  id: sha256,
  arch: z.enum(ARCHES),
  recipe: z.strictObject({ name: z.string(), digest: sha256 }),
  /** sha256 of the engine's bundle. */
  engine: sha256,
  wherryVersion: z.string(),
  /** The Date of the newest InRelease that vouched for a package, ISO 8601. */
  created: z.iso.datetime(),
  /** `Debian 13.7`; images of Wherry's first days don't say. */
  distribution: z.string().default('Debian'),
  kernelVersion: z.string(),
  commandLine: z.string(),
  files: z.record(z.string().regex(/^[\w.]+$/), z.strictObject({ sha256, bytes: z.int().nonnegative() })),
});

export type ImageManifest = z.infer<typeof imageManifestSchema>;
export type ImageFiles = ImageManifest['files'];

/**
 * An image's identity: what boots, and nothing of how it came about. Two compositions that differ only in the lists they
 * were resolved from have the same one.
 */
export function imageId(image: Pick<ImageManifest, 'arch' | 'commandLine' | 'files'>): string {
  const boots = [IMAGE_FILES.kernel[image.arch], IMAGE_FILES.initrd, IMAGE_FILES.system].map(
    (name) => `${name} ${image.files[name]?.sha256 ?? ''}`,
  );
  return createHash('sha256')
    .update([image.arch, image.commandLine, ...boots].join('\n'))
    .digest('hex');
}
