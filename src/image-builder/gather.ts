import type { Arch } from '../core/arch.ts';
import { WherryError } from '../core/errors.ts';
import { createDownloader } from '../platform/net/download.ts';
import type { DownloadProgress } from '../platform/net/download.ts';
import { createHttpGet } from '../platform/net/http-client.ts';
import { openArchive } from './debian/archive.ts';
import type { FetchedPackage, OpenedSuite } from './debian/archive.ts';
import { debianSuites } from './debian/suites.ts';
import { pinnedNpmPackages } from './npm/packages.ts';
import type { NpmPackage } from './npm/packages.ts';
import { fetchNpmPackages, NPM_REGISTRY, tarballUrl } from './npm/registry.ts';
import type { Recipe } from './recipe/schema.ts';
import { together } from './together.ts';

export interface Sources {
  readonly cacheDir: string;
  /** Roots of Debian's archives, where not Debian's own. */
  readonly mirrors?:
    | { readonly main?: string | undefined; readonly security?: string | undefined }
    | undefined;
  readonly npmRegistry?: string | undefined;
  readonly offline?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

export interface FetchedNpmPackage {
  readonly package: NpmPackage;
  readonly url: string;
  readonly path: string;
  /** The recipe's paths in the package to paths in the image. */
  readonly copy: Readonly<Record<string, string>>;
}

/** Everything an image is made of, verified and in the cache. */
export interface Ingredients {
  readonly suites: readonly OpenedSuite[];
  readonly packages: readonly FetchedPackage[];
  readonly kernel: FetchedPackage;
  readonly npm: readonly FetchedNpmPackage[];
}

/** Resolves a recipe's packages and brings them into the cache, Debian's and npm's side by side. */
export async function gather(recipe: Recipe, arch: Arch, sources: Sources): Promise<Ingredients> {
  const [debian, npm] = await together(
    sources.signal,
    async (signal) => gatherDebian(recipe, arch, { ...sources, signal }),
    async (signal) => gatherNpm(recipe, arch, { ...sources, signal }),
  );
  return { ...debian, npm };
}

async function gatherDebian(recipe: Recipe, arch: Arch, sources: Sources): Promise<Omit<Ingredients, 'npm'>> {
  const { cacheDir, mirrors = {}, offline = false, signal, onProgress } = sources;
  const archive = await openArchive({
    suites: await debianSuites(recipe.release, mirrors),
    arch,
    cacheDir,
    offline,
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const records = archive.resolve([recipe.kernel[arch], ...recipe.packages], { exclude: recipe.exclude });
  const fetched = await archive.fetch(records);
  const kernel = fetched.find(({ record }) => /^linux-image-\d/.test(record.name));
  if (kernel === undefined) {
    throw new WherryError({
      code: 'KERNEL_MISSING',
      message: `The package ${recipe.kernel[arch]} brings no kernel: none of its dependencies is a linux-image of a version.`,
    });
  }
  const packages = fetched.filter((item) => item !== kernel && item.record.name !== recipe.kernel[arch]);
  return { suites: archive.suites, packages, kernel };
}

async function gatherNpm(recipe: Recipe, arch: Arch, sources: Sources): Promise<FetchedNpmPackage[]> {
  const { cacheDir, signal, onProgress, offline } = sources;
  const registry = sources.npmRegistry ?? NPM_REGISTRY;
  const pinned = await pinnedNpmPackages(recipe.npm.map((item) => item.package[arch]));
  const paths = await fetchNpmPackages(createDownloader({ cacheDir, get: createHttpGet() }), pinned, {
    registry,
    signal,
    onProgress,
    offline,
  });
  return recipe.npm.flatMap(({ copy }, index) => {
    const [item, path] = [pinned[index], paths[index]];
    return item === undefined || path === undefined
      ? []
      : [{ package: item, url: tarballUrl(item, registry), path, copy }];
  });
}
