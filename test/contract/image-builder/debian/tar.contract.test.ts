import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { TarEntry } from '../../../../src/image-builder/tar/entry.ts';
import { readTar } from '../../../../src/image-builder/tar/reader.ts';

const run = promisify(execFile);
const LONG = `${'d'.repeat(120)}/${'f'.repeat(200)}`;

describe('tar reader beside GNU tar', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-tar-'));
    const root = join(directory, 'root');
    await mkdir(join(root, 'd'.repeat(120)), { recursive: true });
    await writeFile(join(root, LONG), 'long');
    await writeFile(Buffer.from(join(root, 'caf\xe9'), 'latin1'), 'x'.repeat(1025), { mode: 0o640 });
    await link(join(root, LONG), join(root, 'hard'));
    await symlink(`/${LONG}`, join(root, 'soft'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  for (const format of ['gnu', 'pax'] as const) {
    it(`reads what it writes in its ${format} format`, async () => {
      const file = join(directory, `${format}.tar`);
      const fixed = ['--sort=name', '--owner=big:3000000', '--group=0', '--mtime=@1700000000'];
      await run('tar', ['-C', join(directory, 'root'), `--format=${format}`, ...fixed, '-cf', file, '.']);
      const entries: TarEntry[] = [];
      for await (const entry of readTar(createReadStream(file) as AsyncIterable<Buffer>)) entries.push(entry);

      expect(entries.map(({ type, path, link: target }) => [type, path, target])).to.deep.equal([
        ['directory', '', ''],
        ['file', 'caf\xe9', ''],
        ['directory', 'd'.repeat(120), ''],
        ['file', LONG, ''],
        ['hardlink', 'hard', LONG],
        ['symlink', 'soft', `/${LONG}`],
      ]);
      expect(entries[1]).to.include({ mode: 0o640, uid: 3_000_000, gid: 0, mtime: 1_700_000_000 });
      expect(entries[1]?.content.length).to.equal(1025);
      expect(entries[3]?.content.toString()).to.equal('long');
    });
  }
});
