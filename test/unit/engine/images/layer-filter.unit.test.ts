import { expect } from 'chai';
import { LAYER_LIMITS, LayerTarFilter } from '../../../../src/engine/images/tar/layer-filter.ts';
import { rewriteHeader, readHeader } from '../../../../src/engine/images/tar/header.ts';
import type { TarEntry } from '../../../../src/image-builder/tar/entry.ts';
import { directory, file, hardlink, opaque, symlink, whiteout } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';

function run(tar: Buffer, chunk = tar.length, filter = new LayerTarFilter()): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < tar.length; at += chunk) out.push(...filter.push(tar.subarray(at, at + chunk)));
  return Buffer.concat([...out, ...filter.end()]);
}

/** Names and types of an archive's entries, extended headers left out. */
function names(tar: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at + 512 <= tar.length;) {
    const block = tar.subarray(at, at + 512);
    if (block.every((byte) => byte === 0)) break;
    const { name, type, size } = readHeader(block);
    if (!'xgLK'.includes(type)) found.push(`${type} ${name}`);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

const refuses = (entries: TarEntry[], message: string) =>
  expect(() => run(layerTar(entries))).to.throw(`invalid layer: ${message}`);

describe('the filter before mkfs.erofs', () => {
  const ordinary = [
    directory('etc'),
    file('etc/a', 'x'.repeat(700)),
    symlink('s', '../../up'),
    hardlink('h', 'etc/a'),
    file(`${'d'.repeat(150)}/${'e'.repeat(200)}`, 'long'),
    file('k', 'z', { xattrs: new Map([['user.k', Buffer.from('v')]]) }),
  ];

  it('puts a root entry first and lets the rest pass byte by byte', () => {
    const tar = layerTar(ordinary);
    const out = run(tar);
    expect(names(out)[0]).to.equal('5 ./');
    const body = out.subarray(512, -1024);
    expect(tar.subarray(0, body.length).equals(body)).to.equal(true);
    expect(tar.subarray(body.length).every((byte) => byte === 0)).to.equal(true);
  });

  it('gives the same whatever the pieces are', () => {
    const tar = layerTar([...ordinary, whiteout('gone'), opaque('etc')]);
    const whole = run(tar);
    for (const size of [1, 7, 511, 512, 513, 1000])
      expect(run(tar, size).equals(whole), String(size)).to.equal(true);
  });

  it('passes many small files on in one piece, and none of it is copied', () => {
    const many = Array.from({ length: 50 }, (_, at) => file(`etc/${at}`, 'x'.repeat(at)));
    const tar = layerTar(many);
    const passed = new LayerTarFilter().push(tar);
    expect(passed.map(({ length }) => length)).to.deep.equal([512, tar.length - 1024]);
    expect(passed[1]?.buffer, 'not copied').to.equal(tar.buffer);
    const filter = new LayerTarFilter();
    const large = layerTar([file('etc/large', 'x'.repeat(100_000))]);
    filter.push(large.subarray(0, 50_000));
    const rest = large.subarray(50_000, 100_000);
    expect(filter.push(rest)).to.deep.equal([rest]);
    expect(filter.push(large.subarray(100_000))[0]?.buffer).to.equal(large.buffer);
  });

  it('takes .. out of a name that an extended header has replaced, and keeps the checksum right', () => {
    const path = `${'d'.repeat(150)}/e`;
    const tar = layerTar([file(path, 'x')]);
    const forged = rewriteHeader(tar.subarray(1024, 1536), '0', 1);
    forged.fill(0, 0, 100).write('../up', 0);
    const sum = forged.fill(' ', 148, 156).reduce((total, byte) => total + byte, 0);
    forged.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const out = run(tar);
    expect(names(out)).to.deep.equal(['5 ./', '0 x']);
    expect(out.includes('../up')).to.equal(false);
  });

  it('counts the bytes of regular files', () => {
    const filter = new LayerTarFilter();
    run(layerTar(ordinary), 4096, filter);
    expect(filter.fileBytes).to.equal(700 + 4 + 1);
  });

  it('takes an archive without its end mark, between two entries', () => {
    const tar = layerTar([file('a', 'b')]);
    expect(names(run(tar.subarray(0, 1024)))).to.deep.equal(['5 ./', '0 a']);
  });
  for (const cut of [1, 511, 513, 600, 1023]) {
    it(`refuses one that ends after ${cut} bytes of an entry`, () => {
      expect(() => run(layerTar([file('a', 'b')]).subarray(0, cut))).to.throw('ends too early');
    });
  }
  it('refuses a header with a wrong checksum, and a lone zero block', () => {
    const tar = layerTar([file('a', 'b'), file('c', 'd')]);
    tar[0] = 0x62;
    expect(() => run(tar)).to.throw('wrong checksum');
    const lone = Buffer.concat([Buffer.alloc(512), layerTar([file('a', 'b')])]);
    expect(() => run(lone)).to.throw('lone zero block');
  });

  it('refuses names and link targets that leave the layer', () => {
    refuses([file('../a', '')], 'the path "../a" leaves the layer');
    refuses([file('a/../../b', '')], 'the path');
    refuses([hardlink('a', '../../etc/shadow')], 'the path');
    refuses([directory('a/..')], 'the path');
  });
  it('refuses whiteouts that are none', () => {
    for (const name of ['.wh.', 'a/.wh.', '.wh..', '.wh...'])
      refuses([file(name, '')], `"${name.split('/').at(-1)}"`);
  });
  it("refuses overlayfs's own attributes", () => {
    const xattrs = new Map([['trusted.overlay.redirect', Buffer.from('/x')]]);
    refuses([file('a', '', { xattrs })], 'it sets extended attributes of overlayfs');
  });

  it('empties whiteouts with content: mkfs.erofs loses what follows them', () => {
    const tar = layerTar([
      directory('o'),
      file('o/.wh..wh..opq', 'junk'),
      file('.wh.x', 'junk'),
      file('z', '1'),
    ]);
    const out = run(tar);
    expect(names(out)).to.deep.equal(['5 ./', '5 o/', '0 o/.wh..wh..opq', '0 .wh.x', '0 z']);
    expect(out.includes('junk')).to.equal(false);
  });
  it('drops a whiteout whose name is in the same layer: it speaks of lower layers only', () => {
    expect(names(run(layerTar([file('x', '1'), whiteout('x'), whiteout('y')])))).to.deep.equal([
      '5 ./',
      '0 x',
      '0 .wh.y',
    ]);
  });
  it("drops aufs's own files and entries of unknown types, with all that belongs to them", () => {
    const tar = layerTar([file('.wh..wh.plnk/1', 'aufs'), file('x', 'odd'), file('y', 'kept')]);
    const odd = tar.indexOf('odd') - 512;
    rewriteHeader(tar.subarray(odd, odd + 512), 'V', 3).copy(tar, odd);
    const out = run(tar);
    expect(names(out)).to.deep.equal(['5 ./', '0 y']);
    expect(out.includes('aufs')).to.equal(false);
    expect(out.includes('odd')).to.equal(false);
  });

  it('has bounds', () => {
    const few = new LayerTarFilter({ ...LAYER_LIMITS, entries: 2 });
    expect(() => run(layerTar([file('a', ''), file('b', ''), file('c', '')]), 512, few)).to.throw(
      'more than 2 entries',
    );
    const narrow = new LayerTarFilter({ ...LAYER_LIMITS, inDirectory: 2 });
    const spread = [file('a', ''), file('d/a', ''), file('d/b', ''), file('e/d/a', ''), file('d/c', '')];
    expect(() => run(layerTar(spread), 512, narrow)).to.throw('"d" has more than 2 entries');
    const atTop = new LayerTarFilter({ ...LAYER_LIMITS, inDirectory: 2 });
    expect(() => run(layerTar([file('a', ''), file('b', ''), file('c', '')]), 512, atTop)).to.throw(
      '"/" has more than 2 entries',
    );
    const small = new LayerTarFilter({ ...LAYER_LIMITS, bytes: 1000 });
    expect(() => run(layerTar([file('a', 'b')]), 512, small)).to.throw('larger than 1000 bytes');
  });
  it('makes an empty layer of nothing', () => expect(names(run(Buffer.alloc(0)))).to.deep.equal(['5 ./']));
});
