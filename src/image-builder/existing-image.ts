import type { Arch } from '../core/arch.ts';
import { hashFile } from './hash-file.ts';
import { loadRecipe } from './recipe/load.ts';
import type { LoadedRecipe } from './recipe/load.ts';
import { findImage } from './store/image-store.ts';
import type { ImageManifest } from './store/manifest.ts';

export interface WantedImage {
  readonly arch: Arch;
  readonly imagesDir: string;
  /** The engine's bundle, as this Wherry ships it. */
  readonly engineBundle: string;
  readonly wherryVersion: string;
  /** Default: the recipe `machine` that ships with Wherry. */
  readonly recipe?: LoadedRecipe | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The image that a composition from the same recipe, engine bundle and Wherry version made before, or undefined. Takes no
 * network, no hashing of images, and none of the composer's libraries: every `machine create` begins with this.
 */
export async function existingImage(wanted: WantedImage): Promise<ImageManifest | undefined> {
  const [recipe, { sha256 }] = await Promise.all([
    wanted.recipe ?? loadRecipe(),
    hashFile(wanted.engineBundle, wanted.signal),
  ]);
  return findImage(wanted.imagesDir, {
    arch: wanted.arch,
    recipeDigest: recipe.digest,
    engine: sha256,
    wherryVersion: wanted.wherryVersion,
  });
}
