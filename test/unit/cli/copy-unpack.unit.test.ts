import { expect } from 'chai';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { messageOf } from '../../../src/core/errors.ts';
import { partsOf, unpackLocal } from '../../../src/cli/copy/unpack.ts';
import type { TarEntry } from '../../../src/image-builder/tar/entry.ts';
import { directory, file, hardlink, symlink } from '../../helpers/images/entries.ts';
import { layerTar } from '../../helpers/images/layer-tar.ts';

describe('what a container sends', () => {
  let place: string;
  let skipped: string[];
  beforeEach(() => {
    skipped = [];
    place = mkdtempSync(join(tmpdir(), 'wherry-unpack-'));
    mkdirSync(join(place, 'to'));
    mkdirSync(join(place, 'victim'));
    writeFileSync(join(place, 'victim/file'), 'mine');
  });
  afterEach(() => {
    const left = readdirSync(join(place, 'victim'));
    const content = readFileSync(join(place, 'victim/file'), 'utf8');
    rmSync(place, { recursive: true });
    expect(left).to.deep.equal(['file']);
    expect(content).to.equal('mine');
  });
  const unpack = async (...entries: TarEntry[]): Promise<string> =>
    unpackLocal(
      Readable.from([layerTar(entries)]),
      join(place, 'to'),
      (name) => name,
      (name) => skipped.push(name),
    ).then(() => 'done', messageOf);

  it('is unpacked with its permissions, times and links', async () => {
    const times = { mtime: 1_000_000_000 };
    const said = await unpack(
      directory('d', { mode: 0o500, ...times }),
      file('d/f', 'content', { mode: 0o604, uid: 12_345, ...times }),
      hardlink('h', 'd/f'),
      symlink('s', '/etc/passwd'),
      { ...file('null', ''), type: 'char', devMajor: 1, devMinor: 3 },
    );
    expect([said, skipped]).to.deep.equal(['done', ['null']]);
    const found = lstatSync(join(place, 'to/d/f'));
    expect([found.mode & 0o777, found.nlink, found.mtimeMs]).to.deep.equal([0o604, 2, 1e12]);
    expect(found.uid).to.equal(process.getuid?.());
    expect(lstatSync(join(place, 'to/d')).mode & 0o777).to.equal(0o500);
    expect(lstatSync(join(place, 'to/d')).mtimeMs).to.equal(1e12);
    expect(lstatSync(join(place, 'to/s')).isSymbolicLink()).to.equal(true);
  });

  const bytes = (name: string): string => Buffer.from(name).toString('latin1');

  it('stays where it was wanted', async () => {
    expect(await unpack(file('../victim/x', ''))).to.match(/outside of the destination/);
    expect(await unpack(file('a/../../victim/x', ''))).to.match(/outside of the destination/);
    expect(await unpack(hardlink('h', '../victim/file'))).to.match(/outside of the destination/);
    expect(await unpack(symlink('l', '../victim'), file('l/x', ''))).to.match(/through its own link l$/);
    expect(await unpack(symlink('m', '../victim/file'), hardlink('n', 'm'), file('n', 'x'))).to.equal('done');
    // A link that was there before is replaced, not written through.
    symlinkSync('../victim/file', join(place, 'to/old'));
    expect(await unpack(file('old', 'new'))).to.equal('done');
    expect(readFileSync(join(place, 'to/old'), 'utf8')).to.equal('new');
    // As one name on macOS and Windows.
    for (const [one, other] of [
      ['A', 'a'],
      ['\u00e9', 'e\u0301'],
      ['STRASSE', 'stra\u00dfe'],
    ] as const)
      expect(await unpack(symlink(bytes(one), '../victim'), file(bytes(`${other}/x`), '')), one).to.match(
        /through its own link/,
      );
    for (const name of ['NUL', 'a/con', 'Com1.txt', 'aux .c/x', 'lpt\u00b9', 'a./x', 'b ']) {
      expect(() => partsOf(bytes(name), new Set(), true), name).to.throw(/Windows/);
    }
    for (const name of ['nulls', 'con1', 'company', '.com1', 'a.nul'])
      expect(partsOf(name, new Set(), true)).to.deep.equal([name]);
    for (const name of ['..\\victim\\x', 'C:x', 'a/b\\..\\..\\x']) {
      expect(() => partsOf(name, new Set(), true), name).to.throw(/Windows/);
      expect(partsOf(name, new Set(), false).join('/')).to.equal(name);
    }
  });
});
