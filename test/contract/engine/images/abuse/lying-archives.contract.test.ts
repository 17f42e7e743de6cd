import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { LAYER_LIMITS } from '../../../../../src/engine/images/tar/layer-filter.ts';
import { directory, file, hardlink, opaque, symlink, whiteout } from '../../../../helpers/images/entries.ts';
import { layerTar } from '../../../../helpers/images/layer-tar.ts';
import { sha256 } from '../fake-registry.ts';
import { startImages } from '../images-under-test.ts';
import type { ImagesUnderTest } from '../images-under-test.ts';
import { expectRefusal } from './cache-snapshot.ts';
import { startLyingRegistry } from './lying-registry.ts';
import type { LyingRegistry } from './lying-registry.ts';
import { END, extended, forged, paxHeader, pieces, record } from './raw-tar.ts';

const MiB = 1024 ** 2;
const f = file('f', 'x');
const tar = (...parts: readonly Buffer[]): Buffer => Buffer.concat([...parts, END]);
const ordinary = layerTar([directory('etc'), file('etc/issue', 'x'.repeat(5000))]);
const stored = (bytes: Buffer, of = ordinary) => ({ stored: bytes, diffId: sha256(of) });
const withXattr = (name: string, value: string) =>
  layerTar([file('f', '', { xattrs: new Map([[name, Buffer.from(value)]]) })]);

/** What is in a layer, and what is said of it. */
const LAYERS: Readonly<
  Record<string, readonly [Parameters<typeof stored>[0] | ReturnType<typeof stored>, RegExp]>
> = {
  'truncated gzip': [
    stored(gzipSync(ordinary).subarray(0, -20)),
    /cannot decompress: unexpected end of file/,
  ],
  'truncated zstd': [stored(zstdCompressSync(ordinary).subarray(0, -9)), /cannot decompress: unexpected end/],
  'gzip with garbage after it': [
    stored(Buffer.concat([gzipSync(ordinary), Buffer.from('garbage')])),
    /cannot decompress: incorrect header check/,
  ],
  'zstd with garbage after it': [
    stored(Buffer.concat([zstdCompressSync(ordinary), Buffer.from('garbage')])),
    /cannot decompress: Trailing junk/,
  ],
  'too many entries': [
    layerTar(Array.from({ length: 51 }, (_, at) => file(String(at), ''))),
    /it has more than 50 entries/,
  ],
  'more bytes than a layer may have': [
    layerTar([file('zeros', Buffer.alloc(3 * MiB)), file('more', Buffer.alloc(3 * MiB))]),
    /it is larger than 4194304 bytes/,
  ],
  'a file of 100 GB in a header': [
    tar(forged(pieces(f), [124, '1350000000000'.slice(0, 11)])),
    /"f" has \d{9,} bytes, a layer at most 4194304/,
  ],
  '.. in a name': [layerTar([file('a/../../etc/passwd', 'x')]), /"a\/..\/..\/etc\/passwd" leaves the layer/],
  '.. in a hard link': [layerTar([hardlink('h', '../etc/shadow')]), /"..\/etc\/shadow" leaves the layer/],
  'an absolute hard link to outside': [layerTar([hardlink('h', '/etc/shadow')]), /"h" to "\/etc\/shadow"/],
  'a hard link to a directory': [layerTar([directory('d'), hardlink('h', 'd')]), /is one to a directory/],
  'a hard link to the root': [layerTar([hardlink('h', '/')]), /isn't in the layer before it/],
  'a hard link to itself': [layerTar([hardlink('h', 'h')]), /isn't in the layer before it/],
  'a hard link to what was removed': [
    layerTar([whiteout('x'), hardlink('h', 'x')]),
    /the hard link "h" to "x"/,
  ],
  'a file beneath a file': [
    layerTar([f, file('f/g', '')]),
    /"f\/g" lies beneath "f", which is not a directory/,
  ],
  'a file beneath a symbolic link': [
    layerTar([symlink('s', '/etc'), file('s/g', '')]),
    /"s\/g" lies beneath "s"/,
  ],
  'a file beneath a whiteout': [layerTar([whiteout('x'), file('x/y', '')]), /beneath "x", which is removed/],
  'a whiteout beneath a file': [layerTar([f, opaque('f')]), /"f\/.wh..wh..opq" lies beneath "f"/],
  'a root that is a link': [layerTar([symlink('.', '/etc')]), /its root is not a directory/],
  'an opaque root': [layerTar([file('.wh..wh..opq', '')]), /opaque whiteout of its root/],
  'a symbolic link to nowhere': [layerTar([symlink('s', '')]), /the symbolic link "s" has no target/],
  'a symbolic link with an endless target': [layerTar([symlink('s', 't'.repeat(4096))]), /too long a one/],
  'a negative size': [tar(forged(pieces(f), [124, '\xff'.repeat(12)])), /number out of range/],
  'a size out of range': [tar(forged(pieces(f), [124, `\x80${'\xff'.repeat(11)}`])), /number out of range/],
  'a size that is none': [tar(forged(pieces(f), [124, '-0000000001'])), /a number that is none/],
  'an owner that is none': [tar(forged(pieces(f), [108, 'root\0'])), /a number that is none/],
  'a wrong checksum': [Buffer.concat([Buffer.from('g'), layerTar([f]).subarray(1)]), /a wrong checksum/],
  'a sparse file of GNU': [tar(forged(pieces(f), [156, 'S'])), /"f" is a sparse file/],
  'a sparse file of pax': [tar(paxHeader({ 'GNU.sparse.major': '1' }), pieces(f)), /"f" is a sparse file/],
  'a huge header': [
    tar(forged(extended('x', 'x'), [124, '00004000001'])),
    /extended tar header is too large/,
  ],
  'headers that name nothing': [tar(extended('L', 'name\0')), /ends too early/],
  'two names, one hidden': [
    tar(paxHeader({ path: 'good' }), paxHeader({ mtime: '1' }), pieces(f)),
    /two extended headers of one kind/,
  ],
  'a name of each kind': [
    tar(extended('L', 'one\0'), paxHeader({ path: 'two' }), pieces(f)),
    /has two names/,
  ],
  'a pax key twice': [
    tar(extended('x', record('path', 'a') + record('path', 'b')), pieces(f)),
    /"path" twice/,
  ],
  'a pax path with a NUL': [tar(paxHeader({ path: '.wh.x\0y' }), pieces(f)), /a path with a NUL/],
  'a pax record without an end': [tar(extended('x', '99 path=x\n'), pieces(f)), /a pax header is malformed/],
  'a pax size that is negative': [tar(paxHeader({ size: '-1' }), pieces(f)), /a size that is none/],
  'a pax size for a link': [tar(paxHeader({ size: '512' }), pieces(symlink('s', 't'))), /"s" has a size/],
  'a pax time that is none': [tar(paxHeader({ mtime: 'now' }), pieces(f)), /a mtime that is none/],
  'a global pax header': [tar(extended('g', record('path', 'x')), pieces(f)), /a global pax header/],
  "overlayfs's own attributes": [withXattr('trusted.overlay.redirect', '/etc'), /attributes of overlayfs/],
  'the same, encoded': [
    tar(paxHeader({ 'LIBARCHIVE.xattr.trusted%2Eoverlay.opaque': 'eQ==' }), pieces(f)),
    /attributes of overlayfs/,
  ],
  'an attribute with an endless name': [
    withXattr(`user.${'k'.repeat(300)}`, 'v'),
    /name is empty or too long/,
  ],
  'attributes without end': [withXattr('user.k', 'v'.repeat(33_000)), /more than 32000 bytes/],
};

describe("layers' archives that lie", function () {
  this.timeout(120_000); // the first run may have to bring erofs-utils
  let under: ImagesUnderTest;
  let registry: LyingRegistry;
  before(async () => {
    registry = await startLyingRegistry();
    under = await startImages({ layerLimits: { ...LAYER_LIMITS, entries: 50, bytes: 4 * MiB } });
    const { text } = await under.pull(registry.tell({ layers: [layerTar([file('before', 'x')])] }));
    expect(text).to.contain('Status: Downloaded newer image');
  });
  after(async () => {
    await under.close();
    await registry.stop();
  });

  it('are refused by name and reason, and leave the cache as it was', async () => {
    for (const [what, [layer, message]] of Object.entries(LAYERS)) {
      const blob = Buffer.isBuffer(layer) ? { stored: gzipSync(layer), diffId: sha256(layer) } : layer;
      const named = new RegExp(`failed to register layer ${sha256(blob.stored)}: .*${message.source}`);
      try {
        await expectRefusal(under, registry.tell({ layers: [blob] }), named);
      } catch (error) {
        throw new Error(what, { cause: error });
      }
    }
  });

  it('take the layers below them along, and those alone', async () => {
    const good = layerTar([file('below', 'x')]);
    const bad = layerTar([file('../x', '')]);
    await expectRefusal(under, registry.tell({ layers: [good, bad] }), /leaves the layer/);
  });

  it('are read well where they are only odd', async () => {
    const odd = tar(
      pieces(
        file('twice', 'first'),
        file('twice', 'second'),
        directory('dir'),
        file('dir/gone', ''),
        file('dir', 'now a file'),
        whiteout('no/such/thing'),
        whiteout('back'),
        file('back', 'there'),
        file('/absolute', 'x'),
        symlink('out', '../../../../etc'),
        { ...file('null', ''), type: 'char', devMajor: 1, devMinor: 3 },
      ),
      forged(pieces(file('base256', 'x')), [124, `\x80${'\0'.repeat(10)}\x01`]),
      forged(pieces(file('old', 'x')), [136, '\xff'.repeat(12)]),
    );
    const { text } = await under.pull(registry.tell({ layers: [odd] }));
    expect(text).to.contain('Status: Downloaded newer image');
    const erofs = join(under.directory, 'data/layers', `${sha256(odd).slice(7)}.erofs`);
    const out = join(under.directory, 'extracted');
    mkdirSync(out);
    const fsck = spawnSync(join(under.binDir, 'fsck.erofs'), [`--extract=${out}`, '--overwrite', erofs]);
    expect(fsck.status, fsck.stderr.toString()).to.equal(0);
    const read = (name: string) => readFileSync(join(out, name), 'utf8');
    expect(['twice', 'dir', 'back', 'absolute', 'base256', 'old'].map(read)).to.deep.equal([
      'second',
      'now a file',
      'there',
      'x',
      'x',
      'x',
    ]);
    expect(statSync(join(out, 'no/such/thing')).isCharacterDevice()).to.equal(true);
    expect(readdirSync(out).toSorted()).to.deep.equal(
      ['absolute', 'back', 'base256', 'dir', 'no', 'null', 'old', 'out', 'twice'].toSorted(),
    );
  });
});
