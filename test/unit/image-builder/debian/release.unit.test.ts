import { expect } from 'chai';
import { parseRelationship } from '../../../../src/image-builder/debian/dependency.ts';
import { parseStanza } from '../../../../src/image-builder/debian/deb822.ts';
import { pinnedKeys } from '../../../../src/image-builder/debian/keys.ts';
import { parseRelease } from '../../../../src/image-builder/debian/release.ts';

const TEXT = `Origin: Debian
Suite: stable-security
Codename: trixie-security
Date: Fri, 20 Nov 2026 00:12:42 UTC
Valid-Until: Fri, 27 Nov 2026 00:12:42 UTC
Acquire-By-Hash: yes
Components: updates/main
MD5Sum:
 ${'0'.repeat(32)}      7 main/binary-amd64/Packages
SHA256:
 ${'b'.repeat(64)}  12345 main/binary-amd64/Packages.xz
`;

async function count(archive: 'debian' | 'debian-security', release: string): Promise<number> {
  return (await pinnedKeys(archive, release)).length;
}

describe('debian release files', () => {
  it('reads dates in UTC, the SHA256 list and the by-hash flag', () => {
    const release = parseRelease(TEXT, 'InRelease');
    expect(release.date.toISOString()).to.equal('2026-11-20T00:12:42.000Z');
    expect(release.validUntil?.toISOString()).to.equal('2026-11-27T00:12:42.000Z');
    expect(release.byHash).to.equal(true);
    expect([...release.files]).to.deep.equal([
      ['main/binary-amd64/Packages.xz', { sha256: 'b'.repeat(64), size: 12_345 }],
    ]);
  });

  it('refuses what has no Date, an unreadable Valid-Until, or a damaged digest list', () => {
    expect(() => parseRelease(TEXT.replace(/^Date:.*\n/m, ''), 'R')).to.throw('no Date that can be read');
    expect(() => parseRelease(TEXT.replace(/Valid-Until: .*/, 'Valid-Until: soon'), 'R')).to.throw(
      'Valid-Until is not a date',
    );
    expect(() => parseRelease(TEXT.replace('bbbb', 'XXXX'), 'R')).to.throw('its SHA256 list');
  });

  it('keeps the first of a repeated field and joins continuation lines', () => {
    const fields = parseStanza('A: 1\n two\n .\na: 2\nB:3\n');
    expect([...fields]).to.deep.equal([
      ['a', '1\ntwo\n.'],
      ['b', '3'],
    ]);
  });

  it('reads relationships, with deprecated operators and qualifiers', () => {
    expect(parseRelationship('a (>= 1:2~x) | b:any, c (< 3)')).to.deep.equal([
      [
        { name: 'a', constraint: { relation: '>=', version: '1:2~x' } },
        { name: 'b', constraint: undefined },
      ],
      [{ name: 'c', constraint: { relation: '<=', version: '3' } }],
    ]);
    expect(() => parseRelationship('a (>> )')).to.throw('Not a Debian package relationship');
  });

  it('pins two keys for each main archive and one for each security archive', async () => {
    expect(await count('debian', 'trixie')).to.equal(2);
    expect(await count('debian-security', 'trixie')).to.equal(1);
    expect(await count('debian', 'bookworm')).to.equal(2);
    expect(await count('debian', 'sid')).to.equal(0);
  });
});
