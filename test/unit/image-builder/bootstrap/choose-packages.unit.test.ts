import { expect } from 'chai';
import { choosePackages } from '../../../../src/image-builder/bootstrap/choose-packages.ts';
import { similarNames } from '../../../../src/image-builder/bootstrap/similar-names.ts';
import { indexPackages } from '../../../../src/image-builder/debian/packages-index.ts';
import { resolvePackages } from '../../../../src/image-builder/debian/resolve.ts';
import { stanza } from './packages-fixture.ts';

const text = [
  stanza('apt', { Priority: 'required', Depends: 'libc6' }),
  stanza('base-files', { Essential: 'yes', Priority: 'required', 'Pre-Depends': 'awk' }),
  stanza('gawk', { Provides: 'awk' }),
  stanza('libc6', {}),
  stanza('mawk', { Priority: 'required', Provides: 'awk' }),
  stanza('passwd', { Priority: 'required' }),
  stanza('redis-server', { Depends: 'libc6, redis-tools', Recommends: 'gawk' }),
  stanza('redis-tools', {}),
].join('');
const indexes = [
  indexPackages(Buffer.from(text), { suite: 'trixie', mirror: 'http://mirror.invalid/debian' }),
];
const archive = {
  indexes,
  resolve: (roots: readonly string[]) => resolvePackages(indexes, roots),
};
const names = (records: readonly { name: string }[]): string[] => records.map(({ name }) => name);

describe('the packages of a bootstrapped image', () => {
  it('are the essential ones and the awk that Debian has, or all of priority required and apt, with what they need', () => {
    expect(names(choosePackages(archive, 'essential', []).base)).to.deep.equal(['base-files', 'mawk']);
    const { base, extra } = choosePackages(archive, 'minbase', []);
    expect(names(base)).to.deep.equal(['apt', 'base-files', 'libc6', 'mawk', 'passwd']);
    expect(extra).to.deep.equal([]);
  });

  it('and what is included, apart, without what is only recommended', () => {
    const { base, extra } = choosePackages(archive, 'essential', ['redis-server']);
    expect(names(base)).to.deep.equal(['base-files', 'mawk']);
    expect(names(extra)).to.deep.equal(['libc6', 'redis-server', 'redis-tools']);
  });

  it('never the program that merges /usr: it is merged', () => {
    const more = [
      stanza('init', { Essential: 'yes', Depends: 'usrmerge | usr-is-merged' }),
      stanza('usrmerge', { Conflicts: 'usr-is-merged' }),
      stanza('usr-is-merged', {}),
    ].join('');
    const own = [indexPackages(Buffer.from(more), { suite: 's', mirror: 'http://mirror.invalid' })];
    const resolve = (roots: readonly string[]) => resolvePackages(own, roots);
    const { base } = choosePackages({ indexes: own, resolve }, 'essential', []);
    expect(names(base)).to.deep.equal(['init', 'usr-is-merged']);
  });

  it("of a custom one only what is included; what is Debian's own of it is the base", () => {
    const needed = ['coreutils', 'dash', 'diffutils', 'dpkg', 'libc-bin', 'tar'];
    const more = needed.map((name) => stanza(name, { Essential: 'yes', Depends: 'libc6' })).join('');
    const own = [indexPackages(Buffer.from(more + text), { suite: 's', mirror: 'http://mirror.invalid' })];
    const resolve = (roots: readonly string[]) => resolvePackages(own, roots);
    const { base, extra } = choosePackages({ indexes: own, resolve }, 'custom', [...needed, 'redis-tools']);
    expect(names(base)).to.deep.equal([...needed.slice(0, 5), 'libc6', 'tar']);
    expect(names(extra)).to.deep.equal(['redis-tools']);
    expect(() => choosePackages({ indexes: own, resolve }, 'custom', ['dash', 'dpkg']))
      .to.throw('A custom image also needs coreutils, diffutils, libc-bin, tar')
      .with.property('hint', 'Add them:  --include coreutils,diffutils,libc-bin,tar');
  });

  it('a package that Debian has not is named, with those that may be meant', () => {
    expect(() => choosePackages(archive, 'essential', ['redis-servr']))
      .to.throw('Debian has no package "redis-servr"')
      .with.include({ code: 'PACKAGE_UNKNOWN', hint: 'Is one of these meant?  redis-server' });
    expect(() => choosePackages(archive, 'essential', ['zzzzzz']))
      .to.throw()
      .with.property('hint', undefined);
  });

  it('similar names: the nearest first, then those that it begins', () => {
    const all = ['nginx', 'nginx-core', 'nginx-common', 'ngins', 'php', 'ng'];
    expect(similarNames('nginx', all)).to.deep.equal(['nginx', 'ngins', 'nginx-core']);
    expect(similarNames('nginy', all)).to.deep.equal(['ngins', 'nginx']);
    expect(similarNames('completely-else', all)).to.deep.equal([]);
  });
});
