import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import type { TarMemberHeader } from '../../../../src/core/tar/member.ts';
import { readMembers } from '../../../../src/core/tar/reader.ts';
import { END_MARK, memberBytes, paddingAfter } from '../../../../src/core/tar/writer.ts';
import { openContentSpool } from '../../../../src/image-builder/bootstrap/content-spool.ts';
import { writeLayer } from '../../../../src/image-builder/bootstrap/layer-file.ts';
import { packagesSbom } from '../../../../src/image-builder/bootstrap/packages-sbom.ts';
import { readControls } from '../../../../src/image-builder/bootstrap/read-controls.ts';
import { settledLayer } from '../../../../src/image-builder/bootstrap/settled-layer.ts';
import { isLeftOut } from '../../../../src/image-builder/bootstrap/slim.ts';
import { treeTar } from '../../../../src/image-builder/bootstrap/tree-tar.ts';
import { newestFile, unpackPackages } from '../../../../src/image-builder/bootstrap/unpack-packages.ts';
import { parseRecord } from '../../../../src/image-builder/debian/package-record.ts';
import { mergeUsr } from '../../../../src/image-builder/tree/merged-usr.ts';
import { FsTree } from '../../../../src/image-builder/tree/tree.ts';
import { debOfMembers } from '../compose-fixtures.ts';
import { controlOf, fetchedOf, stanza } from './packages-fixture.ts';

type Member = Partial<TarMemberHeader> & { readonly name: string; readonly content?: string };

function tarOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ content = '', ...member }) => {
    const size = Buffer.byteLength(content);
    const nothing = { linkName: '', uid: 0, gid: 0, mtime: 5, devMajor: 0, devMinor: 0, xattrs: new Map() };
    const header = memberBytes({ type: 'file', mode: 0o644, ...nothing, ...member, size });
    return [header, Buffer.from(content), paddingAfter(size)];
  });
  return Buffer.concat([...parts, Buffer.from(END_MARK)]);
}

async function listed(tar: AsyncIterable<Uint8Array>): Promise<(TarMemberHeader & { text: string })[]> {
  const found: (TarMemberHeader & { text: string })[] = [];
  for await (const { content, ...member } of readMembers(tar)) {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    found.push({ ...member, text: Buffer.concat(chunks).toString() });
  }
  return found;
}

describe("a bootstrapped image's layers", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-layers-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  const packages = [
    [
      'aaa',
      [
        { name: './tmp', type: 'directory', mode: 0o755 },
        { name: './lib/x', content: 'x' },
      ],
    ],
    [
      'base-files',
      [
        { name: './', type: 'directory', mtime: 7 },
        { name: './tmp', type: 'directory', mode: 0o1777, mtime: 8 },
      ],
    ],
    [
      'tool',
      [
        { name: './usr/bin/tool', content: 'T'.repeat(5000), mode: 0o4755, mtime: 9 },
        { name: './usr/share/doc/tool/README', content: 'long' },
        { name: './usr/share/doc/tool/copyright', content: 'GPL' },
      ],
    ],
  ] as const;
  const fetched = (
    controls: Record<string, Record<string, string>> = {},
    from = packages as readonly unknown[],
  ) =>
    (from as typeof packages).map(([name, members]) => {
      const path = join(directory, `${name}.deb`);
      writeFileSync(path, debOfMembers([...members], { control: controlOf(name, controls[name]) }));
      return fetchedOf(name, path);
    });
  const unpack = async (
    items: ReturnType<typeof fetched>,
    leavesOut: (path: string) => boolean = () => false,
  ) => {
    const tree = new FsTree();
    mergeUsr(tree, 'amd64');
    const spool = openContentSpool(join(directory, `spool-${Math.random()}`));
    const { signal } = new AbortController();
    try {
      return {
        tree,
        ...(await unpackPackages(tree, spool, await readControls(items, signal), {
          leavesOut,
          onPackage: () => undefined,
          signal,
        })),
      };
    } finally {
      spool.close();
    }
  };

  it("the packages': merged /usr, base-files' folders as it says, sorted, the same bytes each time", async () => {
    const { tree, newest, packages: unpacked } = await unpack(fetched());
    expect(newest).to.equal(9);
    expect(
      unpacked
        .find(({ paths }) => paths.includes('lib/x'))
        ?.contentOf('/lib/x')
        ?.toString(),
    ).to.equal('x');
    const members = await listed(treeTar(tree));
    const names = members.map(({ name }) => name);
    expect(names.slice(0, 3)).to.deep.equal(['./', 'bin', 'lib']);
    expect(names).to.include.members(['usr/lib/x', 'usr/bin/tool', 'usr/share/doc/tool/README']);
    expect(members.find(({ name }) => name === 'tmp/')).to.include({ mode: 0o1777, mtime: 8 });
    expect(members.find(({ name }) => name === 'usr/bin/tool')).to.include({ mode: 0o4755, size: 5000 });
    const { signal } = new AbortController();
    const first = await writeLayer(treeTar(tree), join(directory, 'first.gz'), signal);
    const again = await unpack(fetched());
    const second = await writeLayer(treeTar(again.tree), join(directory, 'second.gz'), signal);
    expect({ ...second, path: '' }).to.deep.equal({ ...first, path: '' });
    const bytes = readFileSync(first.path);
    expect(bytes[9]).to.equal(255);
    const sha256 = (data: Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;
    expect(first).to.include({
      size: bytes.length,
      digest: sha256(bytes),
      diffId: sha256(gunzipSync(bytes)),
    });
  });

  it('reads as many control archives at a time as there are processors, each in its place', async () => {
    const { signal } = new AbortController();
    const many = Array.from({ length: 40 }, (_, index) => fetchedOf(`p${index}`, String(index)));
    let reading = 0;
    let most = 0;
    const read = await readControls(many, signal, async (path) => {
      most = Math.max(most, ++reading);
      await new Promise(setImmediate);
      reading -= 1;
      return new Map([['control', Buffer.from(path)]]);
    });
    expect(most).to.equal(Math.min(40, availableParallelism()));
    expect(
      read.map(({ fetched: { path }, control }) => control.get('control')?.toString() === path),
    ).to.deep.equal(many.map(() => true));
  });

  it('the newest file may be in a package that is unpacked later', async () => {
    const { signal } = new AbortController();
    expect(await newestFile(await readControls(fetched(), signal), signal)).to.equal(9);
    expect(await newestFile([], signal)).to.equal(0);
  });

  it('the SBOM is the same from another mirror, suite and day', () => {
    const fields = { Filename: 'pool/main/t/tool/tool_1_amd64.deb' };
    const from = (suite: string, mirror: string) => parseRecord(stanza('tool', fields), { suite, mirror });
    const one = packagesSbom('trixie', [from('trixie', 'http://deb.debian.org/debian')], 9);
    const other = packagesSbom(
      'trixie',
      [from('trixie-security', 'http://me:secret@mirror.lan/security')],
      9,
    );
    expect(other).to.equal(one);
    expect(one).to.include('pkg:deb/debian/tool@1?arch=amd64').and.include('"Tool: wherry"');
  });

  it('a slim one keeps the licences', async () => {
    const { tree } = await unpack(fetched(), isLeftOut);
    expect(tree.lookup('usr/share/doc/tool/README')).to.equal(undefined);
    expect(tree.lookup('usr/share/doc/tool/copyright')?.type).to.equal('file');
    expect(isLeftOut('usr/share/locale/de')).to.equal(true);
    expect(isLeftOut('usr/share/zoneinfo/UTC')).to.equal(false);
  });

  it('two packages with one file are named, unless one replaces the other', async () => {
    const two = [
      ['one', [{ name: './bin/same', content: '1' }]],
      ['two', [{ name: './usr/bin/same', content: '2' }]],
    ];
    const failure = await unpack(fetched({}, two)).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.include({ code: 'PACKAGES_CLASH' });
    expect(String(failure)).to.include('two and one both bring /usr/bin/same');
    const { tree, packages: unpacked } = await unpack(fetched({ one: { Replaces: 'two (<< 3)' } }, two));
    expect(tree.lookup('usr/bin/same')).to.have.property('content').that.deep.equals(Buffer.from('1'));
    expect(unpacked.at(-1)?.paths).to.deep.equal([]);
  });

  it("the scripts': without what tells when and where they ran", async () => {
    const layer = tarOf([
      { name: './', type: 'directory', mtime: 50 },
      { name: '.wherry-bootstrap/', type: 'directory' },
      { name: '.wherry-bootstrap/run', content: 'x' },
      { name: 'dev/null', type: 'char', devMajor: 1, devMinor: 3 },
      { name: 'etc/hosts', content: 'x' },
      { name: 'etc/passwd', content: 'root', mtime: 50 },
      { name: 'etc/passwd-', content: 'old' },
      { name: 'etc/.wh.gone', content: '' },
      { name: 'run/', type: 'directory' },
      { name: 'run/lock', content: 'x' },
      { name: 'usr/bin/awk', type: 'symlink', linkName: '/etc/alternatives/awk', mtime: 3 },
      { name: 'var/cache/debconf/config.dat-old', content: 'x' },
      { name: 'var/lib/dpkg/status', content: 's' },
      { name: 'var/lib/dpkg/status-old', content: 's' },
      { name: 'var/log/btmp', content: 'yesterday', mode: 0o660, gid: 43 },
      { name: 'var/log/dpkg.log', content: 'today' },
    ]);
    const members = await listed(settledLayer(Readable.from([layer]), 9));
    expect(members.map(({ name, mtime, text }) => [name, mtime, text])).to.deep.equal([
      ['./', 9, ''],
      ['etc/passwd', 9, 'root'],
      ['etc/.wh.gone', 5, ''],
      ['run/', 5, ''],
      ['usr/bin/awk', 3, ''],
      ['var/lib/dpkg/status', 5, 's'],
      ['var/log/btmp', 5, ''],
    ]);
    expect(members.at(-1)).to.include({ mode: 0o660, gid: 43 });
  });
});
