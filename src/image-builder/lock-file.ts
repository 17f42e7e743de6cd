import type { Ingredients } from './gather.ts';
import type { SbomPackage } from './sbom/spdx.ts';

/**
 * `lock.json`: every package with where it came from and what it hashes to, and the signed lists that vouched for them.
 */
export function lockFile(ingredients: Ingredients): string {
  const debian = [...ingredients.packages, ingredients.kernel].map(({ record }) => ({
    name: record.name,
    version: record.version,
    architecture: record.architecture,
    suite: record.suite,
    url: record.url,
    sha256: record.sha256,
  }));
  const npm = ingredients.npm.map(({ package: { name, version, integrity }, url }) => ({
    name,
    version,
    url,
    integrity,
  }));
  const lock = {
    lockVersion: 1,
    suites: ingredients.suites,
    debian: debian.sort(byName),
    npm: npm.sort(byName),
  };
  return `${JSON.stringify(lock, null, 2)}\n`;
}

/** The same packages in the terms of the SBOM; npm's tarballs are known by sha512 and get their sha256 from the caller. */
export function sbomPackages(ingredients: Ingredients, tarballSha256: readonly string[]): SbomPackage[] {
  const debian = [...ingredients.packages, ingredients.kernel].map(({ record }) => ({
    name: record.name,
    version: record.version,
    arch: record.architecture,
    source: record.url,
    sha256: record.sha256,
    purl: `pkg:deb/debian/${record.name}@${encodeURIComponent(record.version)}?arch=${record.architecture}`,
  }));
  const npm = ingredients.npm.map(({ package: item, url }, index) => ({
    name: item.name,
    version: item.version,
    arch: 'any',
    source: url,
    sha256: tarballSha256[index] ?? '',
    license: item.license,
    purl: `pkg:npm/${item.name.replace('@', '%40')}@${item.version}`,
  }));
  return [...debian, ...npm];
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
