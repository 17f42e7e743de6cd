import { createHash } from 'node:crypto';

/** A package that an image contains. */
export interface SbomPackage {
  readonly name: string;
  readonly version: string;
  /** As the package's source says it: `amd64`, `all`, … */
  readonly arch: string;
  /** Where it was fetched from; left out where that says nothing of what it is. */
  readonly source?: string;
  /** Hexadecimal, of the file fetched. */
  readonly sha256: string;
  /** An SPDX licence expression, where one is known. */
  readonly license?: string;
  /** A package URL (purl), where there is one: `pkg:deb/debian/…`, `pkg:npm/…`. */
  readonly purl?: string;
}

export interface SbomSubject {
  /** The image's name. */
  readonly name: string;
  /** Seconds since the epoch: the image's build time, so that the same image has the same SBOM. */
  readonly created: number;
  /** Wherry's version; left out of what must not change with it. */
  readonly toolVersion?: string;
}

const DOCUMENT = 'SPDXRef-DOCUMENT';

/**
 * An SPDX 2.3 document (JSON, spdx.github.io/spdx-spec/v2.3) that lists an image's packages by name, version and
 * architecture, whatever order they come in. Its namespace is derived from them: no random part, no time of writing.
 */
export function spdxDocument(subject: SbomSubject, packages: readonly SbomPackage[]): string {
  const listed = [...packages]
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
    .map((entry) => ({
      SPDXID: spdxId(entry),
      name: entry.name,
      versionInfo: entry.version,
      downloadLocation: entry.source ?? 'NOASSERTION',
      filesAnalyzed: false,
      licenseConcluded: 'NOASSERTION',
      licenseDeclared: entry.license ?? 'NOASSERTION',
      copyrightText: 'NOASSERTION',
      checksums: [{ algorithm: 'SHA256', checksumValue: entry.sha256 }],
      ...(entry.purl !== undefined && {
        externalRefs: [
          { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: entry.purl },
        ],
      }),
      comment: `architecture: ${entry.arch}`,
    }));
  const digest = createHash('sha256')
    .update(JSON.stringify([subject, listed]))
    .digest('hex');
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT,
    name: subject.name,
    documentNamespace: `https://spdx.org/spdxdocs/${encodeURIComponent(subject.name)}-${digest}`,
    creationInfo: {
      created: new Date(subject.created * 1000).toISOString().replace('.000Z', 'Z'),
      creators: [`Tool: wherry${subject.toolVersion === undefined ? '' : `-${subject.toolVersion}`}`],
    },
    packages: listed,
    relationships: listed.map(({ SPDXID }) => ({
      spdxElementId: DOCUMENT,
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: SPDXID,
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function sortKey(entry: SbomPackage): string {
  return [entry.name, entry.version, entry.arch, entry.sha256].join('\0');
}

/** SPDX identifiers take letters, digits, dots and hyphens; the digest keeps what becomes equal apart. */
function spdxId(entry: SbomPackage): string {
  const readable = `${entry.name}-${entry.version}-${entry.arch}`.replaceAll(/[^A-Za-z0-9.-]+/g, '-');
  return `SPDXRef-Package-${readable}-${entry.sha256.slice(0, 12)}`;
}
