import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageManifest } from '../../image-builder/store/manifest.ts';
import { IMAGE_FILES } from '../../image-builder/store/manifest.ts';

/** What `machine image inspect` prints: the manifest, and each package with where it came from. */
export async function describeImage(
  directory: string,
  manifest: ImageManifest,
): Promise<Record<string, unknown>> {
  const lock = JSON.parse(await readFile(join(directory, IMAGE_FILES.lock), 'utf8')) as Record<
    string,
    unknown
  >;
  return { ...manifest, directory, lock };
}
