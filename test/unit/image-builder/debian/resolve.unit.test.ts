import { expect } from 'chai';
import { indexPackages } from '../../../../src/image-builder/debian/packages-index.ts';
import type { PackagesIndex } from '../../../../src/image-builder/debian/packages-index.ts';
import { resolvePackages } from '../../../../src/image-builder/debian/resolve.ts';

const SHA = 'a'.repeat(64);

/** A Packages file of `name version` with further fields. */
function packages(suite: string, stanzas: Record<string, Record<string, string>>): PackagesIndex {
  const text = Object.entries(stanzas).map(([nameVersion, fields]) => {
    const [name, version] = nameVersion.split(' ');
    const own = { Package: name, Version: version, Architecture: 'amd64', ...fields };
    const rest = { Filename: `pool/${name}_${version}.deb`, Size: '10', SHA256: SHA };
    const lines = Object.entries({ ...own, ...rest }).map(([field, value]) => `${field}: ${value}`);
    return `${lines.join('\n')}\n\n`;
  });
  return indexPackages(Buffer.from(text.join('')), { suite, mirror: 'http://mirror.invalid/debian' });
}

function names(indexes: PackagesIndex[], roots: string[], exclude: string[] = []): string[] {
  return resolvePackages(indexes, roots, { exclude }).map(({ name, version }) => `${name}=${version}`);
}

describe('debian dependency resolution', () => {
  it('follows Depends and Pre-Depends, transitively, sorted by name', () => {
    const index = packages('s', {
      'z 1': { Depends: 'b (>= 1), a:any', 'Pre-Depends': 'c' },
      'a 1': {},
      'b 1': { Depends: 'a, z' },
      'c 1': { Recommends: 'd' },
      'd 1': {},
    });
    expect(names([index], ['z'])).to.deep.equal(['a=1', 'b=1', 'c=1', 'z=1']);
  });

  it('takes the newest version over all suites, and the earlier suite where equal', () => {
    const main = packages('main', { 'a 1.0-1': {}, 'b 2': {} });
    const security = packages('security', { 'a 1.0-1+deb13u1': {}, 'b 2': {} });
    expect(names([main, security], ['a', 'b'])).to.deep.equal(['a=1.0-1+deb13u1', 'b=2']);
    expect(resolvePackages([main, security], ['b'])[0]?.suite).to.equal('main');
  });

  it('prefers an alternative already chosen, else the first that can be had', () => {
    const index = packages('s', { 'a 1': { Depends: 'x | y | z' }, 'y 1': {}, 'z 1': {} });
    expect(names([index], ['a'])).to.deep.equal(['a=1', 'y=1']);
    expect(names([index], ['a', 'z'])).to.deep.equal(['a=1', 'z=1']);
  });

  it('meets a virtual package by its first provider, a versioned need only by a versioned Provides', () => {
    const index = packages('s', {
      'a 1': { Depends: 'mta' },
      'c 1': { Depends: 'mta (>= 3)' },
      'postfix 1': { Provides: 'mta' },
      'exim 1': { Provides: 'foo, mta (= 2)' },
      'zmail 1': { Provides: 'mta (= 3)' },
    });
    expect(names([index], ['a'])).to.deep.equal(['a=1', 'exim=1']);
    expect(names([index], ['a', 'zmail'])).to.deep.equal(['a=1', 'zmail=1']);
    expect(names([index], ['c'])).to.deep.equal(['c=1', 'zmail=1']);
  });

  it('counts a dependency on an excluded name as met, and brings no substitute', () => {
    const index = packages('s', {
      'a 1': { Depends: 'debconf (>= 0.5) | debconf-2.0, perl:any, b' },
      'b 1': {},
      'cdebconf 1': { Provides: 'debconf-2.0' },
      'debconf 1': { Provides: 'debconf-2.0' },
      'e 1': { Depends: 'debconf-2.0' },
    });
    expect(names([index], ['a', 'e'], ['debconf', 'perl'])).to.deep.equal(['a=1', 'b=1', 'e=1']);
  });

  it('names the missing package and the chain that needs it', () => {
    const index = packages('s', { 'a 1': { Depends: 'b' }, 'b 1': { Depends: 'c (>= 2)' }, 'c 1.5': {} });
    expect(() => names([index], ['a'])).to.throw(
      'Cannot find the package c (>= 2) (needed by b, needed by a): c exists as 1.5',
    );
    expect(() => names([index], ['nope'])).to.throw(
      'Cannot find the package nope (asked for): no suite has such a package',
    );
  });

  it('refuses two packages that conflict, but not one that conflicts with what it provides', () => {
    const index = packages('s', {
      'a 1': { Depends: 'b, c' },
      'b 1': { Conflicts: 'c (<< 2), b-virtual', Provides: 'b-virtual' },
      'c 1': {},
    });
    expect(() => names([index], ['a'])).to.throw('b conflicts with c');
    expect(names([index], ['b'])).to.deep.equal(['b=1']);
  });

  it('refuses a file name that leaves the mirror', () => {
    const bytes = Buffer.from(
      `Package: a\nVersion: 1\nArchitecture: all\nFilename: ../../x.deb\nSize: 1\nSHA256: ${SHA}\n`,
    );
    const index = indexPackages(bytes, { suite: 's', mirror: 'http://mirror.invalid' });
    expect(() => index.named('a')).to.throw('no usable filename for a');
  });

  it('reads source, maintainer in UTF-8 and URL, and stanzas without a final newline', () => {
    const bytes = Buffer.from(
      `Package: x\nVersion: 1:2+b1\nArchitecture: all\nFilename: pool/x_2+b1~1_all.deb\nSize: 7\nSHA256: ${SHA}\n\n` +
        `Package: a\nSource: src (2.0)\nVersion: 1\nMaintainer: Jörg <j@x>\nArchitecture: all\nFilename: p/a.deb\nSize: 1\nSHA256: ${SHA}`,
    );
    const index = indexPackages(bytes, { suite: 's', mirror: 'http://m.invalid/d' });
    expect(index.named('a')[0]).to.include({
      maintainer: 'Jörg <j@x>',
      url: 'http://m.invalid/d/p/a.deb',
      size: 1,
    });
    expect(index.named('a')[0]?.source).to.deep.equal({ name: 'src', version: '2.0' });
    expect(index.named('x')[0]?.url).to.equal('http://m.invalid/d/pool/x_2%2Bb1~1_all.deb');
  });
});
