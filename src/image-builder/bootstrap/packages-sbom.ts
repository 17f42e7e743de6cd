import type { PackageRecord } from '../debian/package-record.ts';
import { spdxDocument } from '../sbom/spdx.ts';

/**
 * The SBOM that goes into the image. It says of each package what it is (purl, sha256) and not where it was fetched: the
 * same file is on every mirror, and moves from the security suite to the main one with a point release.
 * @param created seconds since the epoch
 */
export function packagesSbom(release: string, records: readonly PackageRecord[], created: number): string {
  return spdxDocument(
    { name: `debian-${release}`, created },
    records.map(({ name, version, architecture, sha256 }) => ({
      name,
      version,
      arch: architecture,
      sha256,
      purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`,
    })),
  );
}
