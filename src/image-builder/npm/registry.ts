import { messageOf, WherryError } from '../../core/errors.ts';
import type { DownloadContext, Downloader } from '../../platform/net/download.ts';
import { decompress } from '../debian/decompress.ts';
import type { TarEntry } from '../tar/entry.ts';
import { readTar } from '../tar/reader.ts';
import { integrityDigest } from './packages.ts';
import type { NpmPackage } from './packages.ts';

export const NPM_REGISTRY = 'https://registry.npmjs.org';

/** Where a registry has a version's tarball: `<registry>/<name>/-/<last part of the name>-<version>.tgz`. */
export function tarballUrl(pkg: NpmPackage, registry: string = NPM_REGISTRY): string {
  const baseName = pkg.name.slice(pkg.name.indexOf('/') + 1);
  return `${registry.replace(/\/+$/, '')}/${pkg.name}/-/${baseName}-${pkg.version}.tgz`;
}

/** Brings the packages' tarballs into the cache, each verified by its integrity; paths in the given order. */
export async function fetchNpmPackages(
  downloader: Downloader,
  packages: readonly NpmPackage[],
  options: DownloadContext & { registry?: string } = {},
): Promise<string[]> {
  const { registry, ...context } = options;
  const requests = packages.map((pkg) => ({
    name: `npm package ${pkg.name} ${pkg.version}`,
    url: tarballUrl(pkg, registry),
    digest: integrityDigest(pkg.integrity),
    size: pkg.bytes,
    maxBytes: pkg.bytes,
  }));
  return downloader.fetchAll(requests, context);
}

/**
 * A package's files, without the tarball's leading folder (`package/`, or whatever its packer chose), so
 * that paths are as in an installed package.
 */
export async function* readNpmPackage(path: string): AsyncGenerator<TarEntry, void, undefined> {
  try {
    for await (const entry of readTar(decompress({ path }, '.gz'))) {
      const slash = entry.path.indexOf('/');
      if (slash >= 0) yield { ...entry, path: entry.path.slice(slash + 1) };
    }
  } catch (error) {
    throw new WherryError({
      code: 'NPM_PACKAGE_INVALID',
      message: `The npm package ${path} cannot be read: ${messageOf(error)}`,
      cause: error,
    });
  }
}
